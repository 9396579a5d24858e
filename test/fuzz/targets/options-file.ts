/** Configuration files in YAML, through the options of `probe`. */
import { join } from 'node:path';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { addOptions, readOptions } from '../../../src/cli/option.ts';
import { PROBE_OPTIONS } from '../../../src/cli/probe-options.ts';
import type { Rng } from '../../../src/numeric/index.ts';
import { changeBytes, textBytes } from '../kit/change-bytes.ts';
import { differs } from '../kit/json-case.ts';
import { chance, oddJson, oddName, pick } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';

const FILE = 'options.yaml';
type Options = Readonly<Record<string, unknown>>;

export const optionsFile = defineTarget<Options>({
  name: 'options-file',
  weight: 2,
  make: makeOptions,
  read(folder) {
    const command = new Command('probe').exitOverride();
    addOptions(command, PROBE_OPTIONS);
    command.parse(['--config', join(folder, FILE)], { from: 'user' });
    return readOptions(command, PROBE_OPTIONS);
  },
});

/** Values that an option takes, and what becomes of them. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  batches: [1, 16, 1000],
  ranks: [[2, 4], [8]],
  bases: [['svd', 'random'], ['natural']],
  families: [['core']],
  layers: ['*', '*.mlp.*'],
  natural: [true, false],
  seqLen: [2, 128],
  seed: [0, 7],
};

function makeOptions(rng: Rng): FuzzCase<Options> {
  const names = Object.keys(VALUES).filter(() => chance(rng, 0.4));
  const options = Object.fromEntries(names.map((name) => [name, pick(rng, VALUES[name]!)]));
  const text = Object.keys(options).length === 0 ? '' : stringify(options);
  const kind = rng.integer(5);
  if (kind === 0) {
    return {
      files: { [FILE]: textBytes(text) },
      verdict: 'accept',
      changes: [],
      check: (read) => differs(options, read),
    };
  }
  if (kind === 1) {
    const { bytes, what } = changeBytes(textBytes(text), rng, () => textBytes(text));
    return { files: { [FILE]: bytes }, verdict: 'either', changes: [what] };
  }
  const [added, verdict] = oddLines(rng);
  return {
    files: { [FILE]: textBytes(chance(rng, 0.5) ? text + added : added) },
    verdict,
    changes: [added.slice(0, 80)],
  };
}

/** Lines that trouble readers of YAML, and whether they are certainly no options. */
function oddLines(rng: Rng): [string, FuzzCase<Options>['verdict']] {
  const odd = oddJson(rng);
  const levels = pick(rng, [3, 9, 30]);
  switch (rng.integer(11)) {
    case 0:
      return [`${JSON.stringify(oddName(rng))}: ${odd}\n`, 'refuse'];
    case 1:
      return [`calibrationBatches: ${odd}\n`, 'either'];
    case 2: {
      // "A billion laughs": every line holds the one before nine times.
      const lines = Array.from(
        { length: levels },
        (_, i) => `a${i}: &a${i} [${Array(9).fill(i === 0 ? 'x' : `*a${i - 1}`)}]\n`,
      );
      return [lines.join(''), 'refuse'];
    }
    case 3:
      return ['layers: &a [*a]\n', 'refuse'];
    case 4:
      return ['calibration-batches: 1\ncalibrationBatches: 2\n', 'refuse'];
    case 5:
      return ['ridge: 0.5\nridge: 0.5\n', 'refuse'];
    case 6:
      return [
        pick(rng, ['- a\n- b\n', 'text\n', '3\n', '--- 1\n--- 2\n', '!!set {a}\n', '? [a]\n: b\n']),
        'either',
      ];
    case 7:
      return [
        `ridge: ${pick(rng, ['!!js/function x', '!!binary aGk=', '.inf', '.nan', '0x10', '1_000', '~', '!!float x'])}\n`,
        'either',
      ];
    case 8:
      return [`layers: ${'['.repeat(pick(rng, [10, 1000, 20_000]))}\n`, 'refuse'];
    case 9:
      return [`${'  '.repeat(levels)}\t- x\n\u0000`, 'either'];
    default:
      return [`<<: {ridge: 1}\n__proto__: {ridge: 2}\n`, 'refuse'];
  }
}
