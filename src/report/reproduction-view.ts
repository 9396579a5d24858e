/** Questions that every report asks of a reproduction record. */
import {
  type ClaimResult,
  type ExperimentResult,
  placeOf,
  type ReproductionRecord,
  type SettingRecord,
  VERDICTS,
  type Verdict,
} from '../record/index.ts';
import { formatBytes, formatCount, formatSeconds } from './format.ts';

/** One claim with its result in every setting that it was tested in. */
export interface ClaimGroup {
  readonly id: string;
  /** What is the same in all settings: statement, source's figure, quantity, rule, rows. */
  readonly claim: ClaimResult;
  /** In the order of the record's settings. */
  readonly results: readonly ClaimResult[];
}

/** Claims in the order of the source's mission, our own questions after them. */
export function claimGroups(record: {
  readonly claims: readonly ClaimResult[];
  readonly settings: readonly SettingRecord[];
}): ClaimGroup[] {
  const groups = new Map<string, ClaimResult[]>();
  for (const claim of record.claims) groups.set(claim.id, [...(groups.get(claim.id) ?? []), claim]);
  const place = ({ setting }: ClaimResult) => record.settings.findIndex(({ name }) => name === setting);
  return [...groups]
    .map(([id, results]) => ({
      id,
      claim: results[0]!,
      results: results.toSorted((a, b) => place(a) - place(b)),
    }))
    .toSorted((a, b) => firstRow(a.claim) - firstRow(b.claim));
}

/** The number of the first mission row that a claim belongs to; after all of them when it belongs to none. */
function firstRow({ rows }: ClaimResult): number {
  return Math.min(...rows.map((row) => Number(/\d+/.exec(row)?.[0] ?? 998)), 999);
}

/** `12 confirmed, 20 refuted, 9 inconclusive`. */
export function countVerdicts(claims: readonly ClaimResult[]): string {
  const count = (verdict: Verdict) => claims.filter((claim) => claim.verdict === verdict).length;
  return VERDICTS.map((verdict) => `${count(verdict)} ${verdict}`).join(', ');
}

export function claimsIn(record: ReproductionRecord, setting: string): ClaimResult[] {
  return record.claims.filter((claim) => claim.setting === setting);
}

/** What a reader must know before believing any of it. */
export function reproductionWarnings({ quick, status, experiments }: ReproductionRecord): string[] {
  const failed = experiments.filter(({ trials }) => trials.failed > 0);
  const warnings: string[] = [];
  if (quick)
    warnings.push(
      'This was a smoke run with few seeds and steps: its verdicts show that everything works, not what is true.',
    );
  if (status === 'partial')
    warnings.push('This run is not complete: claims whose trials are missing are inconclusive.');
  // Counted by experiment only: experiments share trials.
  if (failed.length > 0)
    warnings.push(
      `Trials failed: ${failed.map(({ name, trials }) => `${trials.failed} of ${name}`).join(', ')}.`,
    );
  return warnings;
}

/** The settings that an experiment has results in, in the order of the record. */
export function settingsOf(
  record: ReproductionRecord,
  { name, tables, figures, notes }: ExperimentResult,
): SettingRecord[] {
  const claims = record.claims.filter(({ experiment }) => experiment === name);
  const used = new Set([...claims, ...tables, ...figures, ...notes].map(({ setting }) => setting));
  return record.settings.filter((setting) => used.has(setting.name));
}

/** What an experiment's notes say of one setting. */
export interface SettingNotes {
  readonly title: string;
  readonly texts: readonly string[];
}

export const notesOn = ({ notes }: ExperimentResult, setting: SettingRecord): string[] =>
  notes.filter((note) => note.setting === setting.name).map(({ text }) => text);

/** An experiment's notes as lines. */
export const noteLines = (record: ReproductionRecord, experiment: ExperimentResult): string[] =>
  mergedNotes(
    settingsOf(record, experiment).map((setting) => ({
      title: setting.title,
      texts: notesOn(experiment, setting),
    })),
  );

/** Every text once, after the settings that say it; alone where all do. */
export function mergedNotes(settings: readonly SettingNotes[]): string[] {
  const texts = new Set(settings.flatMap((one) => one.texts));
  return [...texts].map((text) => {
    const said = settings.filter((one) => one.texts.includes(text));
    return said.length === settings.length ? text : `${said.map(({ title }) => title).join('; ')}: ${text}`;
  });
}

export function settingTitle({ settings }: Pick<ReproductionRecord, 'settings'>, name: string): string {
  return settings.find((setting) => setting.name === name)?.title ?? name;
}

/** The page with the claims, in the folder of the run. */
export const REPRODUCTION_PAGE = 'report.html';

/** The page of an experiment, from that folder. Names come from a record: none may lead out of it. */
export function experimentPage(name: string): string {
  return `experiments/${name.replace(/[^\w-]+/g, '-')}.html`;
}

/** One detail of a run; `code` where it is meant for machines. */
export interface Detail {
  readonly name: string;
  readonly text: string;
  readonly code?: boolean;
}

/** Everything that makes a setting what it is. */
export function settingDetails({
  model,
  data,
  batchSize,
  seqLen,
  evalSequences,
  calibrationBatches,
  learningRates,
  coreRank,
  seeds,
}: SettingRecord): Detail[] {
  const { name, architecture, format, parameters, sha256 } = model;
  return [
    { name: 'Model', text: `${name}, ${architecture}, ${format}, ${formatCount(parameters)} parameters` },
    { name: 'Weights', text: placeOf(model), code: true },
    { name: 'Weights sha256', text: sha256, code: true },
    { name: 'Data', text: data.path, code: true },
    { name: 'Data sha256', text: data.sha256, code: true },
    {
      name: 'Batches',
      text: `${batchSize} sequences of ${seqLen} tokens; held-out loss over ${evalSequences} sequences`,
    },
    { name: 'Frames', text: `made from ${calibrationBatches} batches of their own` },
    {
      name: 'Learning rates',
      text: `tuned per arm from ${learningRates.join(', ')} (cores: these times ${coreRank}/K), on by the same factor while the best lies at an edge`,
    },
    { name: 'Seeds', text: seeds.join(', ') },
  ];
}

/** Everything that all settings share. */
export function runDetailsOf(record: ReproductionRecord): Detail[] {
  const { machine, versions, level } = record;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const { processor, cores, memoryBytes } = machine;
  return [
    { name: 'Command', text: record.command, code: true },
    {
      name: 'Verdicts',
      text: `family-wise error rate ${level}, after Holm’s correction over all claims of the setting`,
    },
    { name: 'Intervals', text: '95 %' },
    { name: 'Machine', text: `${processor}, ${cores} cores, ${formatBytes(memoryBytes)} of memory` },
    { name: 'Versions', text: named.join(', ') },
  ];
}

/** `120 of 120 trials, 1 failed, 31.4 s`. */
export function trialsInWords({ planned, finished, failed, seconds }: ExperimentResult['trials']): string {
  const broken = failed === 0 ? '' : `, ${failed} failed`;
  return `${formatCount(finished)} of ${formatCount(planned)} trials${broken}, ${formatSeconds(seconds)}`;
}

/** `p = 0.0123 (Holm = 0.2460), 5 replicates`; nothing where nothing was estimated. */
export function evidenceOf({ p, pHolm, replicates, estimate }: ClaimResult): string {
  if (estimate === null) return '';
  const count = `${replicates} ${replicates === 1 ? 'replicate' : 'replicates'}`;
  if (p === null) return count;
  const corrected = pHolm === null ? '' : ` (Holm ${formatP(pHolm)})`;
  return `p ${formatP(p)}${corrected}, ${count}`;
}

/** `= 0.0123`, or `< 0.0001` where digits would say more than the test can. */
function formatP(p: number): string {
  return p < 0.0001 ? '< 0.0001' : `= ${p.toFixed(4)}`;
}

export const VERDICT_SIGN: Readonly<Record<Verdict, string>> = {
  confirmed: '✓',
  refuted: '✗',
  inconclusive: '?',
};
