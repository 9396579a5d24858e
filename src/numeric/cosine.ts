/** Directions of long vectors. */

/** Arrays that stand for one long vector, end to end. */
export type Arrays = readonly (Float32Array | Float64Array)[];

/** Cosine of the angle between two vectors, given as arrays of the same lengths; 0 when one of them is zero. */
export function cosine(a: Arrays, b: Arrays): number {
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((values, k) => {
    const other = b[k]!;
    for (let i = 0; i < values.length; i++) {
      ab += values[i]! * other[i]!;
      aa += values[i]! * values[i]!;
      bb += other[i]! * other[i]!;
    }
  });
  const norm = Math.sqrt(aa * bb);
  return norm > 0 ? ab / norm : 0;
}
