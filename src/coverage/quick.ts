/** A first look: what is measured less of, unless it is asked for, and how that is told. */
import type { LinearLayer } from '../models/index.ts';
import { PROBE_OPTIONS, type ProbeRecord } from '../record/index.ts';
import { type ProbeOptions, selectRanks } from './options.ts';

const LESS = { batches: 4, calibrationBatches: 4 } as const;
const LARGEST_RANK = 64;
const BLOCKS = 4;

type Reduced = keyof typeof LESS;
const NAMES: Readonly<Record<Reduced, string>> = {
  batches: 'batches',
  calibrationBatches: 'batches for calibration',
};

/** The options with fewer batches where none were asked for. */
export function lessOf(options: ProbeOptions): ProbeOptions {
  const { batches = LESS.batches, calibrationBatches = LESS.calibrationBatches } = options;
  return { ...options, batches, calibrationBatches };
}

/** The ranks that were asked for, or the usual ones as far as 64. */
export function quickRanks(asked: readonly number[] | undefined, layers: readonly LinearLayer[]): number[] {
  const ranks = selectRanks(asked, layers);
  return asked === undefined ? ranks.filter((rank) => rank <= LARGEST_RANK) : ranks;
}

/** The layers of four blocks from the first to the last, at equal distances; all of a model with no more. */
export function layersOfFewBlocks(layers: readonly LinearLayer[]): LinearLayer[] {
  const blocks = blocksOf(layers);
  const kept = new Set(
    Array.from({ length: BLOCKS }, (_, i) => blocks[Math.round((i * (blocks.length - 1)) / (BLOCKS - 1))]),
  );
  return layers.filter((layer) => kept.has(blockOf(layer)));
}

/** One sentence with everything that was measured less of. */
export function tellQuick(
  options: ProbeOptions,
  settings: ProbeRecord['settings'],
  all: readonly LinearLayer[],
  layers: readonly LinearLayer[],
): string {
  const counts = (Object.keys(LESS) as Reduced[])
    .filter((name) => options[name] === undefined && settings[name] < PROBE_OPTIONS[name].default)
    .map((name) => `${settings[name]} ${NAMES[name]} in place of ${PROBE_OPTIONS[name].default}`);
  const usual = selectRanks(undefined, layers).at(-1)!;
  const largest = settings.ranks.at(-1)!;
  const ranks =
    options.ranks === undefined && largest < usual ? [`ranks to ${largest} in place of ${usual}`] : [];
  const [some, blocks] = [blocksOf(layers), blocksOf(all)];
  const part =
    layers.length < all.length
      ? [
          `${layers.length} of ${all.length} layers, those of the blocks ${some.join(', ')} (of ${blocks.at(0)} to ${blocks.at(-1)})`,
        ]
      : [];
  const reduced = [...counts, ...ranks, ...part];
  return `A quick look: ${reduced.length === 0 ? 'nothing was left out' : reduced.join('; ')}.`;
}

/** Number of the block that a layer is in: the first number in its name. */
const blockOf = ({ name }: LinearLayer): string => /\.(\d+)\./.exec(name)?.[1] ?? '';

const blocksOf = (layers: readonly LinearLayer[]): string[] => [...new Set(layers.map(blockOf))];
