/** Everything that reads files from outside. */
import type { Batch } from '../kit/report.ts';
import type { Target } from '../kit/target.ts';
import { adapter } from './adapter.ts';
import { caches } from './caches.ts';
import { checkpoint } from './checkpoints.ts';
import { config } from './config.ts';
import { data } from './data.ts';
import { frames } from './frames.ts';
import { gguf } from './gguf.ts';
import { ggufModel } from './gguf-model.ts';
import { indexFile } from './index-file.ts';
import { model } from './model.ts';
import { optionsFile } from './options-file.ts';
import { plan } from './plan.ts';
import { probeRecord, reproductionRecord, trainRecord, trials } from './records.ts';
import { safetensors } from './safetensors.ts';
import { tokenizer } from './tokenizer.ts';

export const TARGETS: readonly Target[] = [
  safetensors,
  gguf,
  indexFile,
  config,
  model,
  ggufModel,
  tokenizer,
  adapter,
  frames,
  plan,
  optionsFile,
  data,
  probeRecord,
  trainRecord,
  reproductionRecord,
  trials,
  caches,
  checkpoint,
];

/** Divides a number of inputs among all targets by their weights. */
export function shareOut(count: number, seed: number): Batch[] {
  const whole = TARGETS.reduce((sum, { weight }) => sum + weight, 0);
  return TARGETS.map(({ name, weight }) => ({
    target: name,
    seed,
    count: Math.ceil((count * weight) / whole),
  }));
}
