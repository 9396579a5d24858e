/** Schedules of ranks that cost the same in total. */
import type { TrainTrial } from '../trial.ts';
import type { SourceRanks } from './source-ranks.ts';
import type { StepCost } from './step-budgets.ts';

export type RankSchedule = NonNullable<TrainTrial['rankSchedule']>;

/**
 * A schedule that grows from a quarter to the largest rank and its mirror, which cost what as many steps at half do.
 * A step at the largest rank costs more than one at half; `ratio` steps at a quarter make up for it.
 */
export function equalSchedules(
  { quarter, half, largest }: SourceRanks,
  steps: number,
  cost: StepCost,
): { growing: RankSchedule; shrinking: RankSchedule } {
  const ratio = (cost(largest) - cost(half)) / (cost(half) - cost(quarter));
  const wide = Math.floor(steps / (1 + ratio));
  const narrow = wide * ratio;
  const phases = [
    [quarter, narrow],
    [half, steps - narrow - wide],
    [largest, wide],
  ] as const;
  return { growing: toSchedule(phases), shrinking: toSchedule(phases.toReversed()) };
}

/** Σ cost over the steps of a schedule. */
export function scheduleCost(schedule: RankSchedule, steps: number, cost: StepCost): number {
  return schedule.reduce((sum, [first, rank], phase) => {
    const next = schedule[phase + 1]?.[0] ?? steps + 1;
    return sum + cost(rank) * (next - first);
  }, 0);
}

function toSchedule(phases: readonly (readonly [rank: number, steps: number])[]): RankSchedule {
  let first = 1;
  return phases.flatMap(([rank, steps]) => {
    const phase = [first, rank] as const;
    first += steps;
    return steps > 0 ? [phase] : [];
  });
}
