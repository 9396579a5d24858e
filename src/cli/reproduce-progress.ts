/** Progress of a reproduction. */
import type { ReproduceProgress, TrialRecord } from '../experiments/index.ts';
import { duration } from './duration.ts';
import { type ProgressStream, StatusLine } from './status-line.ts';

const PLAIN_MS = 30_000;

export class ReproduceLine extends StatusLine {
  constructor(stream: ProgressStream) {
    super(stream, { plainMs: PLAIN_MS });
  }

  update({ finished, wanted, failed, secondsLeft, ended }: ReproduceProgress): void {
    if (ended?.result === null) this.say(`failed: ${describeTrial(ended)}: ${ended.error}`);
    const failures = failed > 0 ? `, ${failed} failed` : '';
    const latest = ended === undefined ? '' : `; last: ${describeTrial(ended)}`;
    this.show(
      `${finished} of ${wanted} trials${failures}, about ${duration(secondsLeft)} left${latest}`,
      finished >= wanted,
    );
  }
}

function describeTrial({ trial, seconds }: TrialRecord): string {
  const what =
    trial.kind !== 'train'
      ? `${trial.kind} ${trial.bases.join(', ')}`
      : `${trial.family} ${trial.basis ?? ''} K=${trial.rank} lr=${trial.learningRate} ${trial.steps} steps`;
  return `${trial.setting}, ${what}, seed ${trial.seed} (${Math.round(seconds)} s)`;
}
