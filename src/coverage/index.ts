/**
 * Room `coverage`: how much of a gradient a low-rank subspace reaches. Frames of every basis, the passes that
 * measure them, exact nulls, ceilings, natural coverage, and the record that comes of it.
 */
export {
  DEFAULT_BASES,
  DEFAULT_FAMILIES,
  DEFAULT_RANKS,
  type ProbeOptions,
  type Progress,
} from './options.ts';
export { type ProbeResult, probe } from './probe.ts';
