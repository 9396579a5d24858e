/** The files that a probe leaves in its run directory. */
import { join } from 'node:path';
import { writeSafetensors } from '../checkpoint/index.ts';
import type { ProbeResult } from '../coverage/index.ts';
import { writeFileAtomically } from '../files/index.ts';
import { type Tensor, tensor } from '../numeric/index.ts';
import { finishRun, readRunRecord, writeProbeRecord } from '../record/index.ts';
import { renderProbeHtml } from '../report/index.ts';

export const REPORT_FILE = 'report.html';
export const FRAMES_FILE = 'frames.safetensors';
const BATCHES_FILE = 'batches.safetensors';

/** All that may stand beside run.json, so that a run that fails can take it back. */
export const PROBE_OUTPUTS: readonly string[] = ['probe.json', REPORT_FILE, FRAMES_FILE, BATCHES_FILE];

/** @throws UserError `cannot-write`. */
export async function writeProbeOutputs(
  directory: string,
  { record, batches }: ProbeResult,
  { saveBatches }: { readonly saveBatches: boolean },
): Promise<void> {
  writeProbeRecord(directory, record);
  if (saveBatches) await writeSafetensors(join(directory, BATCHES_FILE), joinBatches(batches));
  finishRun(directory, record.status);
  const html = renderProbeHtml(record, readRunRecord(directory));
  await writeFileAtomically(join(directory, REPORT_FILE), (file) => file.writeFile(html));
}

/** `tokens` (int32) and `lossMask` (uint8), each `[batches, sequences, seqLen]`. */
function joinBatches(batches: ProbeResult['batches']): Record<'tokens' | 'lossMask', Tensor> {
  const { sequences, seqLen } = batches[0]!;
  const size = sequences * seqLen;
  const tokens = new Int32Array(batches.length * size);
  const lossMask = new Uint8Array(batches.length * size);
  for (const [index, batch] of batches.entries()) {
    tokens.set(batch.tokens, index * size);
    lossMask.set(batch.lossMask, index * size);
  }
  const shape = [batches.length, sequences, seqLen];
  return { tokens: tensor('int32', shape, tokens), lossMask: tensor('uint8', shape, lossMask) };
}
