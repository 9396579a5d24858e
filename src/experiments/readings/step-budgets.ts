/** The two ways to count what training at a rank costs. */

/** What a step at a rank costs. */
export type StepCost = (rank: number) => number;

export interface StepBudget {
  /** Ending of claim names. */
  readonly suffix: string;
  /** What is equal. */
  readonly words: string;
  readonly cost: StepCost;
}

/** The source's param-steps count K for each step; the parameters that a core trains are K². */
export const STEP_BUDGETS: readonly StepBudget[] = [
  { suffix: '', words: 'Σ K over the steps', cost: (rank) => rank },
  { suffix: '-parameters', words: 'Σ K² over the steps', cost: (rank) => rank * rank },
];
