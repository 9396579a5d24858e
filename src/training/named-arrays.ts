/** Parameters, gradients and moments: float32 values by weight name. */
export type NamedArrays = Readonly<Record<string, Float32Array>>;

/** Zeros of the same names and lengths. */
export function zerosLike(arrays: NamedArrays): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { length }]) => [name, new Float32Array(length)]),
  );
}
