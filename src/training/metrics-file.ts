/** Reading metrics.jsonl back, and cutting it to a checkpoint. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTextAtomically } from '../files/index.ts';

/** One line of metrics.jsonl; loss and norm belong to the weights before the step's update. */
export interface StepMetrics {
  readonly step: number;
  /** Mean over the batch's targets, nats. */
  readonly loss: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  readonly tokensPerSecond: number;
}

const pathIn = (folder: string) => join(folder, 'metrics.jsonl');

/** The steps of a run in order; a last line that was cut off in the middle is left out. */
export function readMetrics(folder: string): StepMetrics[] {
  const path = pathIn(folder);
  if (!existsSync(path)) return [];
  // Every whole line ends with a line break, so what follows the last one is a part or nothing.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as StepMetrics);
}

/** Removes the steps after `step`: a resumed run writes them again. */
export function keepMetricsUntil(folder: string, step: number): void {
  const kept = readMetrics(folder).filter((metrics) => metrics.step <= step);
  writeTextAtomically(pathIn(folder), kept.map((metrics) => `${JSON.stringify(metrics)}\n`).join(''));
}
