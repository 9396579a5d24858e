/** What a training run says of itself: in its record, and to its checkpoint. */
import { isLowRank } from '../adapters/index.ts';
import { canonicalJson } from '../checkpoint/index.ts';
import type { AutomaticRate, ModelSource, TrainRecord, TrainSettings } from '../record/index.ts';
import type { CheckpointSettings } from './checkpoint.ts';
import type { Begun, Run } from './train-run.ts';

/** What a checkpoint must have been asked for to be resumed. */
export function identityOf({ settings, data, evalData }: Run, source: ModelSource): CheckpointSettings {
  return {
    ...settings,
    model: source.sha256,
    config: canonicalJson(source.config),
    data: data.record.sha256,
    tokens: String(data.record.tokensSha256),
    evalData: evalData?.record.sha256 ?? null,
    evalTokens: evalData?.record.tokensSha256 ?? null,
  };
}

/** The record of a run after so many steps. */
export function describeTraining(
  { model, settings, data, evalData, memory }: Run,
  { adapter, gradientLayers, source }: Begun,
  step: number,
  status: TrainRecord['status'],
  rate: AutomaticRate | undefined,
): TrainRecord {
  const { layers, trainedParameters } = adapter.record;
  return {
    schema: 'rankscope.train',
    version: 1,
    status,
    model: source,
    data: data.record,
    evalData: evalData?.record ?? null,
    settings,
    ...(rate === undefined ? {} : { automaticRate: rate }),
    adapter: { layers, trainedParameters },
    gradientLayers: [...gradientLayers],
    step,
    notes: [...model.warnings, ...notesOn(settings, layers), ...memory.notes, ...(rate?.notes ?? [])],
  };
}

function notesOn(settings: TrainSettings, layers: readonly { readonly rank: number }[]): string[] {
  const narrow = layers.filter(({ rank }) => rank < settings.rank).length;
  return settings.plan === null && isLowRank(settings.adapter) && narrow > 0
    ? [`${narrow} of ${layers.length} layers are too narrow for rank ${settings.rank} and have less.`]
    : [];
}
