/** Trials: the smallest pieces of work of an experiment, as data, named by everything that determines them. */
import { createHash } from 'node:crypto';
import type { AdapterFamily, Basis, Schedule } from '../record/index.ts';

/** The bundled model's shape with random weights; the bundled model, moved to new text; a model of real size. */
export type SettingKind = 'random-start' | 'pretrained' | 'real';

/** A layer's features. */
export type LayerShape = readonly [inFeatures: number, outFeatures: number];

/** Where a trial starts and what it learns from. */
export interface Setting {
  /** Short name, unique among the settings of a run. */
  readonly name: string;
  readonly title: string;
  readonly kind: SettingKind;
  /** A checkpoint. */
  readonly model: string;
  /** Of the layers that adapters can sit on. */
  readonly layerShapes: readonly LayerShape[];
  /** Text: its first part is trained on and gives frames, the last fifth is held out. */
  readonly data: string;
  /** Sequences of a step. */
  readonly batchSize: number;
  readonly seqLen: number;
  /** Sequences of the held-out text that count, evenly spread over it. */
  readonly evalSequences: number;
  /** Batches that data-driven frames are made from. */
  readonly calibrationBatches: number;
  /** Columns of the widest frames. */
  readonly frameRank: number;
}

/** A training run, judged as it goes: at a constant learning rate, one run serves every shorter budget. */
export interface TrainTrial {
  readonly kind: 'train';
  readonly setting: string;
  readonly family: AdapterFamily;
  /** Frames, or plain LoRA's start with `factors` and `random`. Null for `full`. */
  readonly basis: Basis | null;
  readonly rank: number;
  /** Glob over module names. */
  readonly layers: string;
  readonly learningRate: number;
  readonly steps: number;
  /** Order of the text, calibration batches, random frames. */
  readonly seed: number;
  /** Default constant. */
  readonly schedule?: Schedule;
  /**
   * Ranks that learn, by their first step: `[[1, 16], [21, 64]]` lets the leading 16 × 16 of the core learn for
   * twenty steps, then 64 × 64. What no longer learns keeps its value. `core` only.
   */
  readonly rankSchedule?: readonly (readonly [step: number, rank: number])[];
  /** Also look at every step's gradient on one fixed batch and on a fresh one, and at the fixed batch's loss. */
  readonly watch?: boolean;
  /** Also judge the trained core with halves of its dimensions set to zero. */
  readonly ablate?: boolean;
  /** Also measure the coverage of these bases at these steps, at the weights as they then are. */
  readonly observe?: { readonly steps: readonly number[]; readonly bases: readonly Basis[] };
}

/** Measurements at the start, of frames made from calibration batches, on batches of their own. */
export interface ObserveTrial {
  readonly kind: 'observe';
  readonly setting: string;
  readonly bases: readonly Basis[];
  readonly seed: number;
}

/** How far the cores of all layers together agree between sequences, at the start. */
export interface JointTrial {
  readonly kind: 'joint';
  readonly setting: string;
  readonly bases: readonly Basis[];
  readonly seed: number;
}

export type Trial = TrainTrial | ObserveTrial | JointTrial;

/** Coverage of one basis in one family and at one rank, layers together or a group of them. */
export interface CoveragePoint {
  readonly basis: Basis;
  readonly family: AdapterFamily;
  readonly rank: number;
  /** Which layers: `all`, `attention` or `mlp`. */
  readonly group: string;
  /** ‖P G‖ / ‖G‖, mean over batches. */
  readonly coverage: number;
  /** ‖P G‖² / ‖G‖², mean over batches. */
  readonly energy: number;
  /** Energy over that of random frames. */
  readonly gain: number;
  /** Coverage of the expected gradient, from products of independent batches; null where they share no signal. */
  readonly signalCoverage: number | null;
  /** Natural coverage ν in sample and held out; null where the family has one side only. */
  readonly natural: { readonly inSample: number; readonly heldOut: number } | null;
  /** Dimension of the tangent space: the name is that of the trials that are kept. */
  readonly parameters: number;
}

/** Entropic effective ranks, mean over layers. */
export interface EffectiveRanks {
  /** Of the gradient of single batches. */
  readonly batch: number;
  /** Of the mean gradient of all observed batches. */
  readonly mean: number;
  /** Of the weights, adapters included. */
  readonly weights: number;
}

export interface Observation {
  /** The step whose gradient was looked at: `step` − 1 updates were made before it. */
  readonly step: number;
  readonly points: readonly CoveragePoint[];
  readonly ranks: EffectiveRanks;
}

export interface ObserveResult {
  readonly observation: Observation;
  /** Held-out loss at the start, nats per token. */
  readonly evalLoss: number;
}

export interface TrainTrialResult {
  readonly parameters: number;
  /** Mean loss of every step's batch before its update, nats per token; shorter than `steps` if it diverged. */
  readonly losses: readonly number[];
  /** Held-out loss after so many steps. */
  readonly evalLosses: readonly { readonly step: number; readonly loss: number }[];
  /** The step whose loss was no longer finite, or above twice the loss at the start; null for none. */
  readonly divergedAt: number | null;
  /** Entropic effective rank of ΔW at the end, mean over layers. */
  readonly updateEffectiveRank: number;
  /** ‖ΔW‖_F at the end, all layers. */
  readonly updateNorm: number;
  readonly observations?: readonly Observation[];
  /** One entry for each step from the second on: cosines with the step before. */
  readonly watch?: {
    /** Loss of the fixed batch before every step. */
    readonly fixedLosses: readonly number[];
    readonly projectedFixed: readonly number[];
    readonly projectedFresh: readonly number[];
    readonly fullFixed: readonly number[];
    readonly fullFresh: readonly number[];
  };
  /** Held-out losses of the core with only some of its dimensions left. */
  readonly ablation?: { readonly leading: number; readonly trailing: number; readonly random: number };
}

export interface JointResult {
  readonly points: readonly JointPoint[];
}

/** For cores of one basis and rank on all layers; see `joint-coverage.ts`. */
export interface JointPoint {
  readonly basis: Basis;
  readonly rank: number;
  readonly inSample: number;
  readonly heldOut: number;
}

export type TrialResult = TrainTrialResult | ObserveResult | JointResult;

/** A finished trial, or one that failed, as a line of `trials.jsonl`. */
export interface TrialRecord {
  readonly id: string;
  readonly trial: Trial;
  readonly result: TrialResult | null;
  /** Why it failed. */
  readonly error?: string;
  readonly seconds: number;
}

/** Steps after which the held-out loss is taken, where a run is long enough. */
export const BUDGETS: readonly number[] = [3, 5, 10, 20, 25, 40, 45, 80, 100, 160, 320, 400];

/** Those after which a run serves as a pilot of itself. */
export const PILOT_STEPS: readonly number[] = [3, 5, 10];

/** Steps after which a run takes its held-out loss, ascending. On a real model, where that costs most, pilots and end. */
export function evaluationSteps(kind: SettingKind, steps: number): number[] {
  const wanted = (kind === 'real' ? PILOT_STEPS : BUDGETS).filter((step) => step < steps);
  return [...wanted, steps];
}

/** Ranks that observations report. */
export const OBSERVED_RANKS: readonly number[] = [2, 4, 8, 16, 32, 64, 128, 256];

/** Raised when the meaning of a trial's numbers changes, so that old records are not taken for new ones. */
const VERSION = 1;

/**
 * Name of a trial: a hash of everything that determines its numbers, the contents of model and texts included. All of the
 * setting counts but its labels and paths, and what follows from the model.
 *
 * @param setting what `trial.setting` names.
 * @param contents sha256 of the model's weights and of the text.
 */
export function trialId(trial: Trial, setting: Setting, contents: readonly string[]): string {
  const { name, title, model, data, layerShapes, kind, ...sizes } = setting;
  const determining = { ...sizes, randomStart: kind === 'random-start' };
  const text = canonical({ VERSION, trial: { ...trial, setting: determining }, contents });
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** JSON with keys in alphabetical order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`);
  return `{${members.join(',')}}`;
}
