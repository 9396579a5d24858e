/** Reading metrics.jsonl back, and cutting it to a checkpoint. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors/index.ts';
import { parseJson, readTextFile, SIZE_LIMITS, writeTextAtomically } from '../files/index.ts';

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

/**
 * The steps of a run in order; a last line that was cut off in the middle is left out.
 * Throws {@link UserError} `record-invalid`.
 */
export function readMetrics(folder: string): StepMetrics[] {
  const path = pathIn(folder);
  if (!existsSync(path)) return [];
  // Every whole line ends with a line break, so what follows the last one is a part or nothing.
  const lines = readTextFile(path, SIZE_LIMITS.record).split('\n').slice(0, -1);
  return lines.map((line, index) => {
    const metrics = parseLine(line);
    if (metrics !== undefined) return metrics;
    throw new UserError('record-invalid', (option) => ({
      what: `line ${index + 1} of ${path} is not a step`,
      got: line.slice(0, 80),
      expected: 'a JSON object with step and loss',
      fix: `the file was changed or damaged: remove it and start without ${option('resume')}`,
    }));
  });
}

function parseLine(line: string): StepMetrics | undefined {
  try {
    const metrics = parseJson(line) as StepMetrics;
    return Number.isSafeInteger(metrics?.step) ? metrics : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the steps after `step`: a resumed run writes them again. */
export function keepMetricsUntil(folder: string, step: number): void {
  const kept = readMetrics(folder).filter((metrics) => metrics.step <= step);
  writeTextAtomically(pathIn(folder), kept.map((metrics) => `${JSON.stringify(metrics)}\n`).join(''));
}
