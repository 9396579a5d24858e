/**
 * Room `models`: from config and weights to a forward graph and its loss, one file per architecture; from text to
 * batches of tokens. Layers carry their Hugging Face module names.
 */

export { findArchitecture } from './architectures/index.ts';
export { type Batch, makeSequences, type Sequences, sampleBatches } from './batches.ts';
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
export { describeModel, differingConfig, hashSequences } from './identity.ts';
export { buildLoss, type LossGraph, type LossShape, lossGradients, lossInputs, targetCount } from './loss.ts';
export { type InspectedModel, inspectModel, type Model, type OpenModelOptions, openModel } from './model.ts';
export { MODEL_OPTIONS } from './model-options.ts';
export { type ReadSequences, readSequences } from './read-sequences.ts';
export type { Receipt, ShownPart } from './receipt.ts';
export { type SampleOptions, sampleToken } from './sample-token.ts';
export { asStored, saveModel, writeConfig } from './save-model.ts';
export { type Document, type Documents, readDocuments } from './text.ts';
export { TextStream } from './text-stream.ts';
export { openTokenizer, type Tokenizer } from './tokenizer.ts';
export type { TokenizerFiles } from './tokenizer-files.ts';
export { tokenizerFromGguf } from './tokenizer-gguf.ts';
