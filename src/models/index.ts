/**
 * Room `models`: from config and weights to a forward graph and its loss, one file per
 * architecture. Layers carry their Hugging Face module names.
 */

export { findArchitecture } from './architectures/index.ts';
export { defaultCacheFolder } from './cache-folder.ts';
export type {
  LayerGroup,
  LayerRole,
  LinearLayer,
  ModelDefinition,
  StoredLayer,
  WeightSpec,
} from './definition.ts';
export { groupOf, LAYER_ROLES, layerWeights, writesToResidual } from './definition.ts';
export { floatProducts, type LinearTrace, type WeightProvider } from './forward.ts';
export { buildLastLogits, type GenerateOptions, generateTokens, Predictor } from './generate.ts';
export { describeModel, differingConfig, originOf } from './identity.ts';
export { buildLoss, type LossGraph, type LossShape, lossGradients, lossInputs, targetCount } from './loss.ts';
export { type InspectedModel, inspectModel, type Model, type OpenModelOptions, openModel } from './model.ts';
export { MODEL_OPTIONS } from './model-options.ts';
export { type SampleOptions, sampleToken } from './sample-token.ts';
export { asStored, saveModel, writeConfig } from './save-model.ts';
export { sketchModel } from './sketch-model.ts';
