/** Training runs that are killed at a given moment, and what must hold afterwards. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensorsHeader } from '../../checkpoint/index.ts';
import { readTrainMetrics, readTrainRecord } from '../../record/index.ts';
import { loadAdapter } from '../adapters/adapter-files.ts';
import type { TrainOptions } from '../train-options.ts';

export interface Job {
  readonly modelPath: string;
  readonly cacheFolder: string;
  readonly dataPath: string;
  readonly options: TrainOptions;
}

/** A moment in a run that does not depend on the speed of the machine. */
export interface Moment {
  /** Steps done. */
  readonly steps: number;
  /** Milliseconds after that. */
  readonly delay: number;
}

/**
 * Runs the job in a process of its own and kills that with SIGKILL at the given moment.
 *
 * @returns whether it was still running then.
 */
export function runAndKill(job: Job, { steps, delay }: Moment): Promise<boolean> {
  const script = fileURLToPath(new URL('./train-in-child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(job));
  let marks = 0;
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on('data', (data: Buffer) => {
    marks += data.length;
    if (marks > steps) timer ??= setTimeout(() => child.kill('SIGKILL'), delay);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_, signal) => {
      clearTimeout(timer);
      resolve(signal === 'SIGKILL');
    });
  });
}

/** Reads every file of a run's folder as a person would, and throws where one cannot be read. */
export async function readEverything(folder: string): Promise<void> {
  readTrainMetrics(folder);
  if (existsSync(join(folder, 'train.json'))) readTrainRecord(folder);
  if (existsSync(join(folder, 'adapter.json'))) await loadAdapter(folder);
  for (const name of readdirSync(folder))
    if (name.endsWith('.safetensors')) readSafetensorsHeader(join(folder, name));
}
