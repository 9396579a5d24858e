/** The learning rate of a run, from a few passes before it. */
export { FIRST_STEP_BATCHES, type FirstStep, measureFirstStep } from './first-step.ts';
export {
  type AdvisedRate,
  advisedRate,
  type LawConstants,
  type RateSettings,
  refuseOtherOptimizers,
} from './law.ts';
