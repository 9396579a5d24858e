/**
 * Leading directions at the engine's speed: what frames are made of where they have far fewer columns than a layer has
 * rows. The exact decompositions of `numeric` are for everything else, and for matrices that float32 does not resolve.
 */
export * from './leading-frames.ts';
