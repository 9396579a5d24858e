/** Weights must be finite: one NaN makes every number after it NaN. */
import { UserError } from '../errors/index.ts';

/**
 * Throws {@link UserError} `weights-not-finite`, naming the weight and the index, unless all values are
 * finite. `firstIndex` is the index in the weight of the first value, for a weight that is checked in pieces.
 */
export function assertFinite(name: string, values: Float32Array, firstIndex = 0): void {
  if (allFinite(values)) return;
  const index = values.findIndex((value) => !Number.isFinite(value));
  throw new UserError('weights-not-finite', {
    what: `Weight ${name} holds a value that is not a finite number.`,
    got: `${values[index]} at index ${firstIndex + index}`,
    expected: 'finite numbers only',
    fix: 'the file is damaged or its training diverged: use another copy or an earlier checkpoint',
  });
}

/** Whether no value is NaN or infinite. */
export function allFinite(values: Float32Array): boolean {
  // 0·x is NaN exactly when x is NaN or infinite, and NaN stays in a sum: no branch in the loop.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += 0 * values[i]!;
  return sum === 0;
}
