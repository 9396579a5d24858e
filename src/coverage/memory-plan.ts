/** How a probe is divided so that it keeps within a bound of memory. */
import type { LinearLayer, Model } from '../models/index.ts';
import { formatBytes, type MemoryBound, PROCESS_BYTES, refuseMemory } from '../runtime/index.ts';
import { estimateFraming, estimateMeasuring, estimateResults } from './estimate.ts';
import { type FramePlan, momentsFor } from './make-frames.ts';
import type { MemoryUse } from './options.ts';
import { fitRecomputed } from './pass.ts';
import type { ProbeSettings } from './settings.ts';
import { planSweeps, type Sweep, USUAL_ROOM } from './sweeps.ts';

/** Layers that are calibrated, framed and measured together, before the next ones. */
export interface ProbePart {
  readonly layers: readonly LinearLayer[];
  readonly sweeps: readonly Sweep[];
  /** Segments that the measuring passes make again. */
  readonly recomputed: number;
  /** Estimated bytes at its peak. */
  readonly bytes: number;
}

export interface MemoryPlan extends MemoryUse {
  readonly parts: readonly ProbePart[];
  readonly bound: MemoryBound;
}

/** Bytes that a byte of a text takes while it becomes tokens: itself, its characters, words, ids, masks; measured. */
const TEXT_COPIES = 8;

/** Shares of the usual room for calibration that are tried: more of it saves sweeps, less of it memory. */
const ROOMS = [4, 3, 2.5, 2, 1.75, 1.5, 1.25, 1, 0.75, 0.5, 0.25, 0.1];

/** Parts that are tried: each costs passes of its own over all batches. */
const PARTS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];

interface Wanted {
  readonly model: Model;
  readonly layers: readonly LinearLayer[];
  readonly plans: readonly FramePlan[];
  readonly settings: ProbeSettings;
}

/**
 * The division with the fewest passes that keeps within the bound: first segments are made again in the backward pass,
 * then the layers are taken in parts. All of it measures the same, to the last bits of calibration sums.
 *
 * @param textBytes of the text that is read.
 * @throws UserError `memory-bound` when no division does.
 */
export function planMemory(wanted: Wanted, textBytes: number, bound: MemoryBound): MemoryPlan {
  const { layers, plans, settings } = wanted;
  const fixed = PROCESS_BYTES + estimateResults(settings, layers, plans.length);
  let least = Number.POSITIVE_INFINITY;
  for (const count of PARTS.filter((one) => one <= layers.length)) {
    const parts = divide(layers, count).map((part) => planPart(wanted, part, bound.bytes - fixed));
    const bytes = Math.max(...parts.map((part) => part.bytes));
    least = Math.min(least, fixed + bytes);
    if (fixed + bytes <= bound.bytes) {
      const estimatedBytes = Math.round(Math.max(fixed + bytes, PROCESS_BYTES + TEXT_COPIES * textBytes));
      return { parts, bound, estimatedBytes, boundBytes: bound.bytes, notes: tell(parts, bound) };
    }
  }
  throw refuseMemory(
    'this probe',
    bound,
    least,
    (option) =>
      `raise ${option('memory')}, lower ${option('seqLen')}, ${option('batchSize')} or the largest of ` +
      `${option('ranks')}, or choose fewer ${option('bases')} or ${option('layers')}`,
  );
}

/** The part as it takes the least time within `room` bytes, or the least memory where it does not fit. */
function planPart(
  { model, plans, settings }: Wanted,
  layers: readonly LinearLayer[],
  room: number,
): ProbePart {
  const measuring = (recomputed: number) => estimateMeasuring(model, plans, settings, layers, recomputed);
  const { segments, weightBytes } = measuring(0);
  const { recomputed, bytes } = fitRecomputed(segments, (count) => measuring(count).bytes, room);
  const calibration = planCalibration({ model, plans, settings, layers }, weightBytes, room);
  return { layers, sweeps: calibration.sweeps, recomputed, bytes: Math.max(bytes, calibration.bytes) };
}

function planCalibration(
  { model, layers, plans, settings }: Wanted,
  weightBytes: number,
  room: number,
): { sweeps: Sweep[]; bytes: number } {
  const wanted = momentsFor(plans.map(({ rule }) => rule));
  const rank = settings.ranks.at(-1)!;
  const estimate = (sweeps: Sweep[]) => estimateFraming(weightBytes, plans, rank, layers, sweeps);
  if (!wanted.gradient && !wanted.second) return { sweeps: [], bytes: estimate([]) };
  const batch = { sequences: settings.batchSize, seqLen: settings.seqLen };
  const planned = (share: number) => {
    const { moments, together } = USUAL_ROOM;
    const pass = share >= 1 ? Number.POSITIVE_INFINITY : share * together;
    const sizes = { moments: share * moments, together: Math.min(1, share) * together, pass };
    const sweeps = planSweeps(model, layers, wanted, settings.calibrationBatches, batch, sizes);
    return { sweeps, bytes: estimate(sweeps) };
  };
  const usual = planned(1);
  // A larger room serves only where it saves sweeps.
  const shares = ROOMS.filter((share) => share < 1 || usual.sweeps.length > 1);
  let last = usual;
  for (const share of shares) {
    last = share === 1 ? usual : planned(share);
    if (last.bytes <= room) return last;
  }
  return last;
}

/** Contiguous parts of about as many layers each. */
function divide(layers: readonly LinearLayer[], count: number): LinearLayer[][] {
  const starts = Array.from({ length: count + 1 }, (_, i) => Math.round((i * layers.length) / count));
  return starts.slice(1).map((end, i) => layers.slice(starts[i], end));
}

/** The plan as a record has it. */
export function describePlan({ parts, bound }: MemoryPlan) {
  return {
    askedBytes: bound.asked ? bound.bytes : null,
    parts: parts.length,
    calibrationSweeps: sumOf(parts, (part) => part.sweeps.length),
    recomputedSegments: mostRecomputed(parts),
  };
}

const sumOf = (parts: readonly ProbePart[], count: (part: ProbePart) => number): number =>
  parts.reduce((sum, part) => sum + count(part), 0);

const mostRecomputed = (parts: readonly ProbePart[]): number =>
  Math.max(
    ...parts.flatMap(({ recomputed, sweeps }) => [recomputed, ...sweeps.map((sweep) => sweep.recomputed)]),
  );

function tell(parts: readonly ProbePart[], bound: MemoryBound): string[] {
  const sweeps = sumOf(parts, (part) => part.sweeps.length);
  const recomputed = mostRecomputed(parts);
  const done = [
    parts.length > 1 ? `the layers are taken in ${parts.length} parts, one after the other` : '',
    sweeps > parts.length ? `calibration goes over its batches ${sweeps} times, for some layers each` : '',
    recomputed > 0 ? `${recomputed} segments of a pass are computed twice instead of being kept` : '',
  ].filter((sentence) => sentence !== '');
  if (done.length === 0) return [];
  return [`To keep within ${formatBytes(bound.bytes)} of memory (${bound.whence}), ${done.join('; ')}.`];
}
