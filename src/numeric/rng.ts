/** Seeded random numbers whose state can be saved, restored and divided into independent streams. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { invariant } from '../errors/index.ts';

/** A stream of random numbers. */
export interface Rng {
  /** Uniform in [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform over 0, 1, …, n − 1. */
  integer(n: number): number;
  /**
   * A stream of its own, determined by the seed and the path of labels that led to it, and not by how much
   * was drawn from this one. The same label gives the same stream again.
   */
  fork(label: string): Rng;
  /** Everything that {@link restoreRng} needs to go on bit for bit; survives JSON. */
  state(): readonly number[];
}

const KEY_WORDS = 4;
const STATE_LENGTH = 2 * KEY_WORDS + 2;

/** A stream that is determined by an integer seed. */
export function createRng(seed: number): Rng {
  invariant(Number.isSafeInteger(seed), `a seed is a safe integer, not ${seed}`);
  const key = absorb([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], `seed ${seed}`);
  return rngFrom(key, key);
}

/** Whether numbers from outside can be the {@link Rng.state} of a stream. */
export function isRngState(state: readonly number[]): boolean {
  const words = state.slice(0, 2 * KEY_WORDS);
  return (
    state.length === STATE_LENGTH &&
    state.every(Number.isFinite) &&
    words.every((word) => (word | 0) === word) &&
    words.slice(KEY_WORDS).some((word) => word !== 0)
  );
}

/** The stream whose {@link Rng.state} this is, at the very same place. */
export function restoreRng(state: readonly number[]): Rng {
  invariant(state.length === STATE_LENGTH, `the state of a generator has ${STATE_LENGTH} numbers`);
  const key = state.slice(0, KEY_WORDS);
  const generator = state.slice(KEY_WORDS, 2 * KEY_WORDS);
  const [hasSpare, spare] = state.slice(2 * KEY_WORDS);
  return rngFrom(key, generator, hasSpare === 1 ? spare : undefined);
}

/** Shuffles `array` in place: every order is equally likely (Fisher–Yates). */
export function shuffle<T>(array: T[], rng: Rng): T[] {
  for (let i = array.length - 1; i > 0; i--) {
    const j = rng.integer(i + 1);
    const kept = array[i]!;
    array[i] = array[j]!;
    array[j] = kept;
  }
  return array;
}

function rngFrom(key: readonly number[], generatorState: readonly number[], firstSpare?: number): Rng {
  const generator = xoroshiro128plusFromState(generatorState);
  let spare = firstSpare;

  const uniform = () => uniformFloat64(generator);

  // Marsaglia's polar method: a point of the unit disc gives two independent normals; one is kept for later.
  const normal = () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square === 0 || square >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };

  const integer = (n: number) => {
    invariant(Number.isSafeInteger(n) && n > 0, `a range of integers has a positive size, not ${n}`);
    return uniformInt(generator, 0, n - 1);
  };

  const fork = (label: string) => {
    const childKey = absorb(key, label);
    return rngFrom(childKey, childKey);
  };

  const state = () => [...key, ...generator.getState(), ...(spare === undefined ? [0, 0] : [1, spare])];

  return { uniform, normal, integer, fork, state };
}

/** Mixes a text into a 128-bit key. The closing mark keeps the path ('a', 'b') apart from ('ab'). */
function absorb(key: readonly number[], text: string): number[] {
  const closingMark = 0x10000;
  const lanes = Int32Array.from(key, (word) => word | 0);
  const codes = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  for (const code of [...codes, closingMark]) {
    for (let lane = 0; lane < KEY_WORDS; lane++) {
      lanes[lane] = scramble(lanes[lane]! ^ scramble(lanes[(lane + 3) % KEY_WORDS]! + code));
    }
  }
  // Two more rounds, so that the last character reaches every lane through every other.
  for (let round = 0; round < 2 * KEY_WORDS; round++) {
    const lane = round % KEY_WORDS;
    lanes[lane] = scramble(lanes[lane]! ^ scramble(lanes[(lane + 3) % KEY_WORDS]! + round + 1));
  }
  if (lanes.every((word) => word === 0)) lanes[0] = 1; // the one state that the generator cannot leave
  return Array.from(lanes);
}

/** The finaliser of MurmurHash3: a bijection of 32-bit words in which every bit moves every bit. */
function scramble(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
