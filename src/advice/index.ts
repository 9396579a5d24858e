/**
 * Room `advice`: what to train on a text under a budget, from one probe of it: frames and rank by the law of parameters
 * and held-out ν, the learning rate by the law of the first step.
 */
export { type Advice, type AdvisedLayer, type AdviseOptions, advise } from './advise.ts';
export { LOSS_LAW, lnOf } from './loss-law.ts';
export {
  START_FOLDER,
  startsFromFolder,
  TRAINERS,
  type TrainerFiles,
  type TrainerName,
  writeForTrainer,
} from './trainers.ts';
