/** The work of a probe, part by part of its layers: calibration, frames, passes, results. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { joinSafetensors } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import type { Model } from '../models/index.ts';
import { mean, type Rng } from '../numeric/index.ts';
import { dropBytes, type Engine } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import { FRAMES_FORMAT, type FrameSet, placeFrames } from './frame.ts';
import { type FramePlan, makeFrames } from './make-frames.ts';
import { globalCoverages, type Measured, type MeasuredSoFar, measure, widestInterval } from './measure.ts';
import type { ProbePart } from './memory-plan.ts';
import { naturalCurves } from './natural.ts';
import type { ProbeOptions, Progress, StageShares } from './options.ts';
import type { ProbeSettings } from './settings.ts';
import { summarizeSpectra } from './spectrum.ts';
import type { StageClock } from './stage-clock.ts';
import { stageShares } from './stage-shares.ts';
import type { MeasuredLayer } from './summarize.ts';
import { Whitener } from './whitener.ts';

interface Work {
  readonly model: Model;
  readonly engine: Engine;
  readonly plans: readonly FramePlan[];
  readonly settings: ProbeSettings;
  readonly calibration: readonly Batch[];
  readonly batches: readonly Batch[];
  readonly rng: Rng;
  readonly clock: StageClock;
  readonly options: Pick<ProbeOptions, 'framesFile' | 'onPass' | 'onProgress' | 'signal'>;
  /** For files that are not kept. */
  readonly folder: string;
}

/** What came of all parts. */
export interface MeasuredParts {
  readonly layers: readonly MeasuredLayer[];
  /** The batches that were measured, in order, and their losses. */
  readonly batches: readonly Batch[];
  readonly losses: readonly number[];
  /** Whether it was stopped before all was measured. */
  readonly stopped: boolean;
  readonly notes: readonly string[];
}

/**
 * Runs one part after the other. All are measured on the batches that the first was measured on. When it is stopped,
 * the first part keeps what was measured of it, and a later one is left out unless it is done.
 *
 * @throws UserError `stopped` when there is nothing to keep; `loss-not-finite`.
 */
export async function measureParts(parts: readonly ProbePart[], work: Work): Promise<MeasuredParts> {
  const { settings, clock, options, folder } = work;
  const finished: MeasuredLayer[] = [];
  const files: string[] = [];
  const shares = stageShares(work.model, parts, work.plans, settings);
  let first: MeasuredSoFar | undefined;
  for (const [index, part] of parts.entries()) {
    const watch = new Watch(options, { parts, index, shares, decides: first === undefined });
    const whole = parts.length === 1 ? options.framesFile : undefined;
    const file = whole ?? join(folder, `part-${index + 1}`, 'frames.safetensors');
    const batches = first?.batches ?? work.batches;
    try {
      await using measured = await measurePart(part, file, batches, watch, work);
      if (first !== undefined && measured.batches.length < batches.length) break;
      first ??= measured;
      finished.push(...(await clock.time('summary', () => finish(measured, work, watch))));
    } catch (error) {
      if (first !== undefined && error instanceof UserError && error.code === 'stopped') break;
      throw error;
    } finally {
      if (options.framesFile === undefined) rmSync(file, { force: true });
    }
    files.push(file);
    if (watch.stopped) break;
  }
  const { framesFile } = options;
  if (framesFile !== undefined && parts.length > 1) await joinSafetensors(files, framesFile, FRAMES_FORMAT);
  const all = parts.reduce((sum, part) => sum + part.layers.length, 0);
  const { batches, losses } = first!;
  const cut = (options.signal?.aborted ?? false) && batches.length < settings.batches;
  const notes = [
    finished.length < all
      ? `Stopped when ${finished.length} of ${all} layers were measured: the others are left out.`
      : '',
    parts.length > 1 && settings.ciWidth !== null
      ? `The first ${parts[0]!.layers.length} layers decided when the intervals were narrow enough.`
      : '',
  ];
  return {
    layers: finished,
    batches,
    losses,
    stopped: finished.length < all || cut,
    notes: notes.filter((note) => note !== ''),
  };
}

async function measurePart(
  { layers, sweeps, recomputed }: ProbePart,
  file: string,
  batches: readonly Batch[],
  watch: Watch,
  { model, engine, plans, settings, calibration, rng, clock }: Work,
): Promise<Measured> {
  const sets = await placeFrames(
    file,
    await makeFrames({
      model,
      engine,
      layers,
      plans,
      rank: settings.ranks.at(-1)!,
      ridge: settings.ridge,
      calibration,
      rng: rng.fork('frames'),
      sweeps,
      clock,
      onProgress: (progress) => watch.progress(progress),
    }),
  );
  // The passes need the memory of the frames, which are in their file now.
  dropBytes(Number.POSITIVE_INFINITY);
  const afterPass = (soFar: MeasuredSoFar): boolean => {
    watch.passed(soFar, sets, batches.length);
    return watch.stopped || (watch.decides && widestInterval(soFar) < (settings.ciWidth ?? 0));
  };
  return clock.time('measuring', () =>
    measure(model, engine, layers, sets, batches, settings, rng.fork('permutation'), afterPass, recomputed),
  );
}

/** Progress out, as that of all parts together, and stop requests in. */
class Watch {
  /** Whether nothing was measured before, so that this part says how much is. */
  readonly decides: boolean;
  private readonly options: Work['options'];
  private readonly parts: readonly ProbePart[];
  private readonly index: number;
  private readonly shares: StageShares;

  constructor(
    options: Work['options'],
    of: {
      readonly parts: readonly ProbePart[];
      readonly index: number;
      readonly shares: StageShares;
      readonly decides: boolean;
    },
  ) {
    this.options = options;
    this.parts = of.parts;
    this.index = of.index;
    this.shares = of.shares;
    this.decides = of.decides;
  }

  get stopped(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  /** Parts are about alike, so that the others take as many steps. */
  report({ stage, done, total }: Progress): void {
    const { length } = this.parts;
    this.options.onProgress?.({
      stage,
      done: this.index * total + done,
      total: length * total,
      shares: this.shares,
    });
  }

  /** Before anything is measured there is nothing to keep. */
  progress(progress: Progress): void {
    this.report(progress);
    if (this.stopped) {
      throw new UserError('stopped', {
        what: 'stopped before anything was measured',
        fix: 'run the same command again; decompositions that were finished are kept',
      });
    }
  }

  passed(soFar: MeasuredSoFar, sets: readonly FrameSet[], total: number): void {
    this.report({ stage: 'measuring', done: soFar.batches.length, total });
    const metrics = passMetrics(soFar, sets);
    this.options.onPass?.(this.parts.length > 1 ? { part: this.index + 1, ...metrics } : metrics);
  }
}

/** The latest pass in numbers. */
function passMetrics(measured: MeasuredSoFar, sets: readonly FrameSet[]): Record<string, number> {
  const lanes = measured.targets.at(-1)!.length;
  const latest = (values: readonly number[]) => mean(values.slice(-lanes));
  return {
    batches: measured.batches.length,
    loss: latest(measured.losses),
    ...Object.fromEntries(
      sets.map(({ label }, set) => [`coverage/${label}`, latest(globalCoverages(measured, set))]),
    ),
  };
}

/** Groups the draws of a basis, and computes natural coverage. */
async function finish(
  { layers, targets, spectra }: MeasuredSoFar,
  { plans, settings: { bases, natural, ridge }, engine }: Work,
  watch: Watch,
): Promise<MeasuredLayer[]> {
  const finished: MeasuredLayer[] = [];
  await using whitener = new Whitener(engine);
  for (const measurement of layers) {
    const curves = natural ? await naturalCurves(measurement, targets, ridge, whitener) : undefined;
    const measuredBases = bases.map((basis) => {
      const ofBasis = (_: unknown, index: number) => plans[index]!.basis === basis;
      const draws = measurement.frames.filter(ofBasis);
      return { basis, draws, natural: curves?.filter(ofBasis)[0] ?? null };
    });
    finished.push({
      measurement,
      spectrum: summarizeSpectra(spectra.get(measurement.name)!),
      bases: measuredBases,
    });
    watch.report({ stage: 'summary', done: finished.length, total: layers.length });
  }
  return finished;
}
