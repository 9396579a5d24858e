/** Scales: from values of the data to positions in a drawing, with round ticks. */

export interface Scale {
  /** The position of `value`; values beyond the domain are held at its ends. */
  readonly at: (value: number) => number;
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
}

type Pair = readonly [number, number];

/** A linear scale with about `count` ticks at 1, 2 or 5 times a power of ten. */
export function linearScale(domain: Pair, range: Pair, count: number): Scale {
  const [low, high] = domain[0] === domain[1] ? around(domain[0]) : domain;
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const intervals = Math.min(count, Math.floor(high / step - first + 1e-9));
  const ticks = Array.from({ length: intervals + 1 }, (_, i) => (first + i) * step);
  return { at: (value) => place((value - low) / (high - low), range), domain: [low, high], ticks };
}

/** A domain about one value; half a unit would be lost beside a large one. */
function around(value: number): Pair {
  const margin = Math.max(0.5, Math.abs(value) * 1e-6);
  return [value - margin, value + margin];
}

/** A logarithmic scale over positive values; round ticks within the domain, or those given. */
export function logScale(domain: Pair, range: Pair, ticks?: readonly number[]): Scale {
  const [low, high] = domain[0] === domain[1] ? [domain[0] / 2, domain[1] * 2] : domain;
  const span = Math.log(high / low);
  return {
    at: (value) => place(Math.log(Math.max(value, low) / low) / span, range),
    domain: [low, high],
    ticks: ticks ?? roundTicks(low, high),
  };
}

/** Powers of ten, with steps between them where the domain has few. */
function roundTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const steps = decades < 1.5 ? [1, 2, 5] : decades < 3.2 ? [1, 3] : [1];
  const ticks: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent += 1) {
    // Read as decimal text: 3 · 10 ** -3 would be 0.0030000000000000001.
    for (const step of steps) ticks.push(Number(`${step}e${exponent}`));
  }
  return ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
}

function place(share: number, [from, to]: Pair): number {
  return from + Math.min(1, Math.max(0, share)) * (to - from);
}

/** Indices 0 … length−1, at most about `count` of them, evenly spaced on a log scale, both ends included. */
export function logSpacedIndices(length: number, count: number): number[] {
  const picked = new Set<number>();
  for (let i = 0; i < count; i += 1) {
    picked.add(Math.round(length ** (count === 1 ? 1 : i / (count - 1))) - 1);
  }
  return length === 0 ? [] : [...picked].filter((i) => i >= 0).sort((a, b) => a - b);
}
