/** Questions that every report asks of a probe record. */
import type {
  BasisResult,
  Estimate,
  Family,
  FamilyResult,
  LayerResult,
  NaturalResult,
  ProbeRecord,
  RankPoint,
} from '../record/index.ts';

/** The trained parameters of a point. Older records have the dimension of the tangent space, which differs for `factors`. */
export function parameterText(family: Family, point: RankPoint, format: (count: number) => string): string {
  const text = format(point.parameters);
  return family === 'factors' && point.dimension === undefined ? `${text} dim.` : text;
}

/** Anything that holds results by basis: the whole model or one layer. */
export interface Measured {
  readonly bases: readonly BasisResult[];
}

export function familyOf(result: Measured, basis: string, family: Family): FamilyResult | undefined {
  return result.bases.find((b) => b.basis === basis)?.families.find((f) => f.family === family);
}

export function pointOf(
  result: Measured,
  basis: string,
  family: Family,
  rank: number,
): RankPoint | undefined {
  return familyOf(result, basis, family)?.points.find((point) => point.rank === rank);
}

/** Layers through which no gradient flows on the measured batches; coverage means nothing there. */
export const isDead = ({ gradientNorm }: LayerResult): boolean => gradientNorm.mean === 0;

export const deadLayers = ({ layers }: ProbeRecord): LayerResult[] => layers.filter(isDead);

/** The bases that have results, in the order of the record. */
export function basesOf(record: ProbeRecord): string[] {
  return record.global.bases.map((b) => b.basis);
}

/** The families that have results, `core` first: it is the one that the null and the source paper speak of. */
export function familiesOf(record: ProbeRecord): Family[] {
  const present = new Set(record.global.bases.flatMap((b) => b.families.map((f) => f.family)));
  return [...present].sort((a, b) => Number(b === 'core') - Number(a === 'core'));
}

/** The ranks that any basis or layer has points for, ascending. */
export function ranksOf(record: ProbeRecord): number[] {
  const measured: Measured[] = [record.global, ...record.layers];
  const ranks = measured.flatMap((m) =>
    m.bases.flatMap((b) => b.families.flatMap((f) => f.points.map((p) => p.rank))),
  );
  return [...new Set(ranks)].sort((a, b) => a - b);
}

/** Random frames at a rank that says something about bases reach at most this share of the gradient's norm. */
const NULL_LIMIT = 0.25;

/**
 * The rank that a report speaks of when it speaks of one: the largest at which random frames reach at most
 * {@link NULL_LIMIT}, since every basis looks alike where the frames span most of the layer; otherwise the
 * smallest. Null when nothing was measured.
 */
export function headlineRank(record: ProbeRecord): number | null {
  const family = familiesOf(record)[0];
  const basis = basesOf(record)[0];
  if (family === undefined || basis === undefined) return null;
  const points = familyOf(record.global, basis, family)?.points ?? [];
  const telling = points.filter((point) => point.null.coverage <= NULL_LIMIT).map((point) => point.rank);
  if (telling.length > 0) return Math.max(...telling);
  return points.length > 0 ? Math.min(...points.map((point) => point.rank)) : null;
}

/** ν at `rank`; the curve ends where no layer has more ranks, and stays at its last value from there. */
export function naturalAt(curve: readonly number[], rank: number): number | undefined {
  return curve[Math.min(rank, curve.length) - 1];
}

export function naturalOf(result: Measured, basis: string): NaturalResult | null {
  return result.bases.find((b) => b.basis === basis)?.natural ?? null;
}

/** ν at `rank` with its interval; undefined where it was not measured. */
export function naturalPoint(result: Measured, basis: string, rank: number): Estimate | undefined {
  const natural = naturalOf(result, basis);
  if (natural === null) return undefined;
  const [mean, low, high] = [natural.heldOut, natural.heldOutLow, natural.heldOutHigh].map((curve) =>
    naturalAt(curve, rank),
  );
  return mean === undefined || low === undefined || high === undefined ? undefined : { mean, low, high };
}

/** How far apart the bases are in a layer: the largest gain over the smallest. Undefined below two bases. */
export function gainSpread(layer: LayerResult, family: Family, rank: number): number | undefined {
  const gains = layer.bases
    .map((b) => pointOf(layer, b.basis, family, rank)?.gain.mean)
    .filter((gain) => gain !== undefined);
  return gains.length < 2 ? undefined : Math.max(...gains) / Math.max(Math.min(...gains), Number.MIN_VALUE);
}

/** The layers whose bases have the widest spread of mean gains, widest first; dead ones left out. */
export function widestLayers(
  record: ProbeRecord,
  family: Family,
  rank: number,
  count: number,
): LayerResult[] {
  return record.layers
    .filter((layer) => !isDead(layer))
    .map((layer) => ({ layer, spread: gainSpread(layer, family, rank) }))
    .filter((entry): entry is { layer: LayerResult; spread: number } => entry.spread !== undefined)
    .sort((a, b) => b.spread - a.spread)
    .slice(0, count)
    .map((entry) => entry.layer);
}
