/** The settings that experiments run in, made from a model and a text. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { canonicalJson, hashFiles } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { readJsonObject, SIZE_LIMITS, writeFolderAtomically } from '../files/index.ts';
import { describeModel, inspectModel, openModel, saveModel } from '../models/index.ts';
import { createRng } from '../numeric/index.ts';
import { type SettingRecord, writeJsonAtomic } from '../record/index.ts';
import { readSequences } from '../text/index.ts';
import { initialWeights } from '../training/index.ts';
import type { PlannedSetting } from './plan.ts';
import { FULL, QUICK, REAL } from './scale.ts';
import type { SettingIdentity } from './setting-identity.ts';
import type { Setting, SettingKind } from './trial.ts';

export interface SettingOptions {
  readonly kind: SettingKind;
  /** A checkpoint. */
  readonly model: string;
  readonly data: string;
  readonly quick: boolean;
  /** Where a model with random weights is kept. */
  readonly cacheFolder: string;
}

export interface PreparedSetting extends PlannedSetting {
  /** sha256 of the model's weights and of the text. */
  readonly contents: readonly string[];
  readonly identity: SettingIdentity;
  readonly record: SettingRecord;
}

const TITLES: Readonly<Record<SettingKind, string>> = {
  'random-start': 'random start',
  pretrained: 'pretrained, moved to new text',
  real: 'a real model',
};

const SIZES: Readonly<
  Record<
    'full' | 'real' | 'quick',
    Pick<Setting, 'batchSize' | 'seqLen' | 'evalSequences' | 'calibrationBatches' | 'frameRank'>
  >
> = {
  full: { batchSize: 4, seqLen: 128, evalSequences: 32, calibrationBatches: 16, frameRank: 256 },
  // Steps of half the tokens, so that the whole fits into hours; frames are made from as many tokens.
  real: { batchSize: 2, seqLen: 128, evalSequences: 16, calibrationBatches: 32, frameRank: 64 },
  quick: { batchSize: 2, seqLen: 32, evalSequences: 4, calibrationBatches: 2, frameRank: 16 },
};

/** @throws UserError those of `openModel` and `readDocuments`. */
export async function prepareSetting({
  kind,
  model: path,
  data,
  quick,
  cacheFolder,
}: SettingOptions): Promise<PreparedSetting> {
  const randomStart = kind === 'random-start';
  const modelPath = randomStart ? await randomStartOf(path, cacheFolder) : path;
  const model = await openModel(modelPath, { cacheFolder });
  const size = quick ? SIZES.quick : kind === 'real' ? SIZES.real : SIZES.full;
  const scale = quick ? QUICK : kind === 'real' ? REAL : FULL;
  const setting: Setting = {
    name: kind,
    title: TITLES[kind],
    kind,
    model: modelPath,
    layerShapes: model.definition.layers.map(({ inFeatures, outFeatures }) => [inFeatures, outFeatures]),
    data,
    ...size,
  };
  const modelHash = await model.checkpoint.sha256();
  const { sequences, sha256 } = await readSequences(data, await model.tokenizer(), {
    seqLen: size.seqLen,
    pack: true,
  });
  return {
    setting,
    scale,
    contents: [modelHash, sha256],
    identity: { config: model.definition.computed, tokensSha256: sequences.sha256() },
    record: {
      name: setting.name,
      title: setting.title,
      model: { ...(await describeModel(model)), path },
      data: { path: data, sha256 },
      batchSize: size.batchSize,
      seqLen: size.seqLen,
      evalSequences: size.evalSequences,
      calibrationBatches: size.calibrationBatches,
      learningRates: [...scale.learningRates],
      coreRank: scale.coreRank,
      seeds: [...scale.seeds],
    },
  };
}

/** Weights are drawn with this seed. */
const RANDOM_START_SEED = 0;
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json'];
const CHECKSUMS = 'checksums.json';

/** A checkpoint of the same shape and tokenizer with random weights, made once and checked before each use. */
async function randomStartOf(path: string, cacheFolder: string): Promise<string> {
  const { checkpoint, definition } = await inspectModel(path);
  const tokenizer = TOKENIZER_FILES.map((file) => join(path, file)).filter(existsSync);
  const key = [RANDOM_START_SEED, checkpoint.config, await hashFiles(tokenizer)];
  const hash = createHash('sha256').update(canonicalJson(key)).digest('hex').slice(0, 16);
  const folder = join(cacheFolder, `random-start-${hash}`);
  if (existsSync(folder)) {
    if (await isWhole(folder)) return folder;
    process.emitWarning(`${folder} is damaged: it is made again.`);
    rmSync(folder, { recursive: true });
  }
  const weights = initialWeights(definition, createRng(RANDOM_START_SEED).fork('random start'));
  await writeFolderAtomically(folder, async (unfinished) => {
    await saveModel(unfinished, definition, checkpoint.config, weights, 'float32');
    for (const file of tokenizer) copyFileSync(file, join(unfinished, basename(file)));
    writeJsonAtomic(join(unfinished, CHECKSUMS), await checksumsOf(unfinished));
  });
  return folder;
}

/** sha256 of the files in a folder by name. */
async function checksumsOf(folder: string): Promise<Record<string, string>> {
  const names = readdirSync(folder).filter((name) => name !== CHECKSUMS);
  const sums = await Promise.all(names.map((name) => hashFiles([join(folder, name)])));
  return Object.fromEntries(names.toSorted().map((name) => [name, sums[names.indexOf(name)]!]));
}

async function isWhole(folder: string): Promise<boolean> {
  try {
    const told = readJsonObject(join(folder, CHECKSUMS), { limit: SIZE_LIMITS.config, code: '', fix: '' });
    return canonicalJson(told) === canonicalJson(await checksumsOf(folder));
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}
