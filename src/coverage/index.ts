/**
 * Room `coverage`: how much of a gradient a low-rank subspace reaches. Frames of every basis, the passes that
 * measure them, exact nulls, ceilings, natural coverage, and the record that comes of it.
 */
export { dependsOnSeed } from './bases.ts';
export { collectMeasurements, type MeasurePlan } from './collect.ts';
export { atRank } from './energies.ts';
export { estimateProbe } from './estimate-probe.ts';
export { dimension, nullEnergy, parameterCount } from './families.ts';
export { type Frame, type FrameSet, frameRank, frameValue, placeFrames } from './frame.ts';
export { isFramesFile } from './frames-file.ts';
export { makeFrames, needsCalibration, planBasis, planFrames } from './make-frames.ts';
export { measure, passInputs } from './measure.ts';
export { addPass, emptyMeasurement, type LayerMeasurement } from './measurement.ts';
export { collectMoments } from './moments.ts';
export { type NaturalCurves, naturalCurves, naturalTotal } from './natural.ts';
export {
  type MemoryUse,
  type ProbeOptions,
  type Progress,
  selectRanks,
} from './options.ts';
export { buildPass, fitRecomputed } from './pass.ts';
export { type ProbeResult, probe, readProbeText } from './probe.ts';
export { type LayerReach, productsAt, type ReachSummary, summarizeReach } from './reach.ts';
export { moduleOf, modulesByGroup, selectLayers } from './select-layers.ts';
export { fitContext } from './settings.ts';
export { type CalibrationRoom, USUAL_ROOM } from './sweeps.ts';
export { Whitener } from './whitener.ts';
