/**
 * A made-up probe record for the tests of reports: seeded, and bound by the rules that a real one obeys (exact
 * nulls, coverage below the ceiling, global figures that sum energies over layers). Only tests import it.
 */
import type {
  Basis,
  BasisResult,
  Comparison,
  Estimate,
  Family,
  FamilyResult,
  LayerResult,
  NaturalResult,
  ProbeRecord,
  RankPoint,
  RunRecord,
} from '../record/index.ts';
import { isDrawn, namedBasis, roundSignificant } from '../record/index.ts';

export interface ExampleOptions {
  readonly blocks: number;
  readonly width: number;
  /** What is no name of a basis is a set of frames from a file. */
  readonly bases: readonly string[];
  readonly families: readonly Family[];
  readonly ranks: readonly number[];
  readonly batches: number;
  readonly spectra: boolean;
}

const DEFAULTS: ExampleOptions = {
  blocks: 4,
  width: 256,
  bases: ['svd', 'random', 'gradient', 'natural'],
  families: ['core', 'left', 'right', 'factors', 'diagonal'],
  ranks: [2, 4, 8, 16, 32, 64, 128, 256],
  batches: 8,
  spectra: true,
};

const MODULE_TYPES = [
  ['query-key-value', 'c_attn'],
  ['output', 'attn.c_proj'],
  ['up', 'c_fc'],
  ['down', 'mlp.c_proj'],
] as const;

/** By coverage gradient frames lead; by ν it is undecided. */
function comparisons({ bases, ranks, batches }: ExampleOptions): Comparison[] {
  if (batches < 2 || !bases.includes('gradient') || bases.length < 2) return [];
  const others = bases.filter((basis) => basis !== 'gradient');
  return ranks.flatMap((rank): Comparison[] => [
    {
      measure: 'coverage',
      family: 'core',
      rank,
      leader: 'gradient',
      differences: others.map((basis) => ({ basis, difference: around(0.3, 0.01) })),
      batchesNeeded: batches,
    },
    {
      measure: 'natural',
      family: null,
      rank,
      leader: 'gradient',
      differences: others.map((basis) => ({ basis, difference: { mean: 1.2, low: -0.4, high: 2.8 } })),
      batchesNeeded: 22,
    },
  ]);
}

/** One measured layer of the made-up model: its shape and the squared singular values of its gradient. */
interface Layer {
  readonly name: string;
  readonly m: number;
  readonly n: number;
  readonly share: number;
  readonly power: readonly number[];
}

/** Where between the null (0) and the ceiling (1) a basis lies, on a log scale of energy. */
const REACH: Readonly<Partial<Record<Basis, number>>> = {
  svd: 0.28,
  'svd-minor': -0.05,
  random: 0,
  gradient: 0.93,
  'gradient-lora-ga': 0.9,
  natural: 0.52,
  activation: 0.44,
};

/** Frames of a file, and of a basis that the table does not know yet, lie low. */
function reachOf(name: string): number {
  const basis = namedBasis(name);
  return (basis === null ? undefined : REACH[basis]) ?? 0.2;
}

export function exampleProbeRecord(options: Partial<ExampleOptions> = {}): ProbeRecord {
  const o = { ...DEFAULTS, ...options };
  const random = mulberry32(20240117);
  const layers = makeLayers(o, random);
  const measured = layers.map((layer) => ({
    layer,
    result: layerResult(layer, o, random),
  }));
  return {
    schema: 'rankscope.probe',
    version: 1,
    status: 'complete',
    model: {
      path: 'assets/model',
      name: 'sotu-gpt2-4x256',
      architecture: 'gpt2',
      format: 'safetensors',
      parameters: 4_273_664,
      sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
    data: {
      path: 'assets/text/moby-dick.txt',
      sha256: '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752',
      documents: 1,
      tokens: 24_310,
    },
    settings: {
      bases: [...o.bases],
      framesFiles: o.bases
        .filter((name) => namedBasis(name) === null)
        .map((name) => ({ name, path: 'kept.safetensors', label: name.split('@')[0]! })),
      families: [...o.families],
      ranks: [...o.ranks],
      layers: '**',
      batches: o.batches,
      batchSize: 8,
      seqLen: 128,
      pack: true,
      natural: true,
      calibrationBatches: 16,
      spectrumBatches: o.spectra ? 2 : 0,
      randomFrames: 32,
      ridge: 0.3,
      ciWidth: null,
      compute: 'float32',
      seed: 7,
    },
    measured: {
      batches: o.batches,
      targets: o.batches * 8 * 127,
      loss: { mean: 5.6723, low: 5.6411, high: 5.7035 },
      seconds: 31.42,
      peakMemoryBytes: 612_000_000,
      estimatedMemoryBytes: 655_000_000,
    },
    notes: ['Ranks above min(m, n) of a layer count as the whole of that side.'],
    global: {
      gradientNorm: around(2.41, 0.05),
      bases: globalBases(measured, o),
      comparisons: comparisons(o),
    },
    moduleTypes: MODULE_TYPES.map(([role, name]) => {
      const alike = measured.filter(({ layer }) => layer.name.endsWith(`.${name}`));
      const energyShare = total(alike.map(({ layer }) => layer.share));
      const gradientNorm = around(2.41 * Math.sqrt(energyShare), 0.05);
      const own = alike.map(({ layer, result }) => ({
        layer: { ...layer, share: layer.share / energyShare },
        result,
      }));
      return { role, name, layers: alike.length, energyShare, gradientNorm, bases: globalBases(own, o) };
    }),
    layers: measured.map(({ result }) => result),
  };
}

export function exampleRunRecord(): RunRecord {
  return {
    schema: 'rankscope.run',
    version: 1,
    command: 'probe',
    arguments: ['assets/model', '--data', 'assets/text/moby-dick.txt', '--seed', '7'],
    status: 'complete',
    startedAt: '2026-03-01T09:30:00.000Z',
    finishedAt: '2026-03-01T09:30:31.420Z',
    versions: { rankscope: '0.1.0', node: '22.20.0', onnxruntime: '1.30.0' },
    machine: { processor: 'Example Processor 9000', cores: 2, memoryBytes: 34_359_738_368 },
    seed: 7,
  };
}

function makeLayers(o: ExampleOptions, random: () => number): Layer[] {
  const d = o.width;
  const kinds = [
    { kind: 'attn.c_attn', m: d, n: 3 * d, decay: 1.5, weight: 3 },
    { kind: 'attn.c_proj', m: d, n: d, decay: 1.7, weight: 2 },
    { kind: 'mlp.c_fc', m: d, n: 4 * d, decay: 1.25, weight: 1.5 },
    { kind: 'mlp.c_proj', m: 4 * d, n: d, decay: 1.35, weight: 2.5 },
  ];
  const raw = Array.from({ length: o.blocks }, (_, block) =>
    kinds.map((k) => {
      const decay = k.decay + 0.3 * (random() - 0.5) - (0.3 * block) / o.blocks;
      const weights = Array.from(
        { length: Math.min(k.m, k.n) },
        (_, i) => (i + 1) ** -decay * Math.exp(-i / d),
      );
      const sum = total(weights);
      const share = k.weight * (0.5 + random()) * Math.exp(-block / 6);
      return {
        name: `transformer.h.${block}.${k.kind}`,
        m: k.m,
        n: k.n,
        share,
        power: weights.map((w) => w / sum),
      };
    }),
  ).flat();
  const sum = total(raw.map((layer) => layer.share));
  return raw.map((layer) => ({ ...layer, share: layer.share / sum }));
}

function layerResult(layer: Layer, o: ExampleOptions, random: () => number): LayerResult {
  const sigma = layer.power.map(Math.sqrt);
  const p = sigma.map((s) => s / total(sigma));
  const bases = o.bases.map((basis) => {
    const tilt = 0.25 * (random() - 0.5) * (isDrawn(basis) ? 0 : 1);
    return {
      basis,
      families: o.families.map((family) =>
        familyResult(family, curves(basis, family, layer, tilt), layer, o),
      ),
      natural: naturalResult(basis, layer, o.ranks),
    };
  });
  return {
    name: layer.name,
    inFeatures: layer.m,
    outFeatures: layer.n,
    energyShare: roundSignificant(layer.share, 5),
    effectiveRank: o.spectra
      ? {
          entropic: Math.exp(-total(p.map((q) => q * Math.log(q)))),
          stable: 1 / layer.power[0]!,
          participation: 1 / total(layer.power.map((w) => w * w)),
        }
      : null,
    spectrum: o.spectra ? sigma.map((s) => roundSignificant(s, 5)) : [],
    gradientNorm: around(2.41 * Math.sqrt(layer.share), 0.05),
    bases,
  };
}

/** Null, ceiling and measured energy at every rank 1, 2, … min(m, n). */
interface Curves {
  readonly null: readonly number[];
  readonly ceiling: readonly number[];
  readonly energy: readonly number[];
}

function curves(basis: string, family: Family, layer: Layer, tilt: number): Curves {
  const { m, n, power } = layer;
  const kMax = Math.min(m, n);
  const cumulative = [0];
  for (const w of power) cumulative.push(cumulative.at(-1)! + w);
  const ranks = Array.from({ length: kMax }, (_, i) => i + 1);
  const nulls = ranks.map((k) => nullEnergy(family, k, m, n));
  const ceiling = ranks.map((k) =>
    Math.min(1, cumulative[Math.min(kMax, family === 'factors' ? 2 * k : k)]!),
  );
  const reach = isDrawn(basis) ? 0 : reachOf(basis) * (1 + tilt);
  const energy = ranks.map((_, i) => {
    const floor = nulls[i]!;
    return Math.min(ceiling[i]!, floor * (ceiling[i]! / floor) ** reach);
  });
  return { null: nulls, ceiling, energy };
}

export function nullEnergy(family: Family, rank: number, m: number, n: number): number {
  if (family === 'core') return (rank * rank) / (m * n);
  if (family === 'diagonal') return rank / (m * n);
  if (family === 'left') return rank / m;
  if (family === 'right') return rank / n;
  return 1 - (1 - rank / m) * (1 - rank / n);
}

function sizeOf(family: Family, rank: number, m: number, n: number): Size {
  const dimension = Math.round(nullEnergy(family, rank, m, n) * m * n);
  return { parameters: family === 'factors' ? rank * (m + n) : dimension, dimension };
}

type Size = Required<Pick<RankPoint, 'parameters' | 'dimension'>>;

function familyResult(family: Family, c: Curves, layer: Layer, o: ExampleOptions): FamilyResult {
  const points = o.ranks.map((asked) => {
    const k = Math.min(asked, c.energy.length);
    const size = sizeOf(family, k, layer.m, layer.n);
    const ceiling = family === 'diagonal' ? null : c.ceiling[k - 1]!;
    return rankPoint(asked, size, c.energy[k - 1]!, c.null[k - 1]!, ceiling, o);
  });
  return { family, points, energyCurve: c.energy.map((e) => roundSignificant(e, 5)) };
}

function rankPoint(
  rank: number,
  size: Size,
  energy: number,
  nullEnergyMean: number,
  ceilingEnergy: number | null,
  o: ExampleOptions,
): RankPoint {
  const coverage = Math.sqrt(energy);
  const nullCoverage = Math.sqrt(nullEnergyMean);
  return {
    rank,
    ...size,
    coverage: around(coverage, 0.03),
    energy: around(energy, 0.06),
    gain: around(energy / nullEnergyMean, 0.06),
    null: { coverage: nullCoverage, low: nullCoverage * 0.88, high: Math.min(1, nullCoverage * 1.12) },
    ceiling: ceilingEnergy === null ? null : Math.sqrt(ceilingEnergy),
    signalCoverage: o.batches < 2 ? null : around(Math.min(1, coverage * 1.15), 0.08),
    regime:
      coverage < 0.05
        ? 'under-threshold'
        : coverage < 0.07
          ? 'transition'
          : coverage < 0.13
            ? 'reliable'
            : 'premium',
  };
}

function naturalResult(basis: string, layer: Layer, ranks: readonly number[]): NaturalResult {
  const kMax = Math.min(layer.m, layer.n, Math.max(...ranks));
  const strength = { svd: 0.05, 'svd-minor': 0.02, random: 0.04, gradient: 0.4, 'gradient-lora-ga': 0.36 };
  const scale = strength[basis as keyof typeof strength] ?? (basis === 'natural' ? 0.7 : 0.3);
  const curve = (factor: number, tail: number) =>
    Array.from({ length: kMax }, (_, i) =>
      roundSignificant(factor * (1 - Math.exp(-(i + 1) / (6 + 60 * (1 - scale)))) + tail * (i + 1), 5),
    );
  const heldOut = curve(4 * scale, 0);
  return {
    ridge: 0.3,
    inSample: curve(5 * scale, 0.03),
    heldOut,
    heldOutLow: heldOut.map((v) => roundSignificant(v * 0.9, 5)),
    heldOutHigh: heldOut.map((v) => roundSignificant(v * 1.1, 5)),
    permutedInSample: curve(0.2, 0.03),
    permutedHeldOut: heldOut.map((_, i) => (i % 2 === 0 ? 0.01 : -0.01)),
  };
}

function globalBases(
  measured: readonly { layer: Layer; result: LayerResult }[],
  o: ExampleOptions,
): BasisResult[] {
  const mean = (pick: (result: LayerResult, layer: Layer) => number) =>
    total(measured.map(({ layer, result }) => layer.share * pick(result, layer)));
  return o.bases.map((basis, b) => ({
    basis,
    families: o.families.map((family, f) => {
      const curve = (result: LayerResult) => result.bases[b]!.families[f]!;
      const length = Math.max(...measured.map(({ result }) => curve(result).energyCurve.length));
      const points = o.ranks.map((rank, r) => {
        const point = (result: LayerResult) => curve(result).points[r]!;
        const sizeIn = (read: (one: RankPoint) => number) =>
          total(measured.map(({ result }) => read(point(result))));
        const size = {
          parameters: sizeIn((one) => one.parameters),
          dimension: sizeIn((one) => one.dimension!),
        };
        const energy = mean((result) => point(result).energy.mean);
        const nullMean = mean((result) => point(result).null.coverage ** 2);
        const ceiling = family === 'diagonal' ? null : mean((result) => (point(result).ceiling ?? 0) ** 2);
        return rankPoint(rank, size, energy, nullMean, ceiling, o);
      });
      const energyCurve = Array.from({ length }, (_, i) =>
        roundSignificant(
          mean((result) => curve(result).energyCurve[Math.min(i, curve(result).energyCurve.length - 1)]!),
          5,
        ),
      );
      return { family, points, energyCurve };
    }),
    natural: sumNatural(measured.map(({ result }) => result.bases[b]!.natural!)),
  }));
}

function sumNatural(parts: readonly NaturalResult[]): NaturalResult {
  const sum = (key: Exclude<keyof NaturalResult, 'ridge'>) =>
    parts[0]!.heldOut.map((_, i) =>
      roundSignificant(total(parts.map((p) => p[key][Math.min(i, p[key].length - 1)]!)), 5),
    );
  return {
    ridge: 0.3,
    inSample: sum('inSample'),
    heldOut: sum('heldOut'),
    heldOutLow: sum('heldOutLow'),
    heldOutHigh: sum('heldOutHigh'),
    permutedInSample: sum('permutedInSample'),
    permutedHeldOut: sum('permutedHeldOut'),
  };
}

const around = (mean: number, relative: number): Estimate => ({
  mean,
  low: mean * (1 - relative),
  high: mean * (1 + relative),
});

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** A small seeded generator of uniform numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
