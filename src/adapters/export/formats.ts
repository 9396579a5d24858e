/** The forms that an adapter can be exported in: one record each. */
import type { SayOption } from '../../errors/index.ts';
import { hubOrigin } from '../../hub/index.ts';
import type { InspectedModel, Model } from '../../models/index.ts';
import type { SaveType } from '../../record/index.ts';
import type { Adapter } from '../adapter.ts';
import { adaptedModel } from '../graph-values.ts';
import { lowRankUpdates } from './adapter-updates.ts';
import { exportGgufLora } from './gguf-lora.ts';
import { exportMerged } from './merged.ts';
import { exportPeft } from './peft.ts';
import type { Rounding } from './rounding.ts';

/** What can be asked of an export; each format takes some of it. */
export interface ExportOptions {
  /** One rank for all layers. */
  readonly portable?: boolean | undefined;
  /** Stored type of the weights. */
  readonly type?: SaveType | undefined;
  /** A name for the base model in place of its path. */
  readonly baseModel?: string | undefined;
}

/** What every writer gets. */
export interface ExportInputs {
  /** A new folder or file. */
  readonly out: string;
  readonly adapter: Adapter;
  /** Where the base is, or was. */
  readonly basePath: string;
  readonly options: ExportOptions;
  /** How the adapter was made. */
  readonly about: Readonly<Record<string, unknown>>;
}

interface Form {
  readonly help: string;
  /** How the name of its file ends; null where a folder is written. */
  readonly extension: string | null;
  readonly takes: readonly (keyof ExportOptions)[];
}

/** What a user should know of the result. */
export type ExportNote = (option: SayOption) => string;

/** A form with what it needs of the base model. */
export type ExportFormat = Form &
  (
    | { readonly needs: 'name'; write(inputs: ExportInputs): Promise<ExportNote[]> }
    | { readonly needs: 'config'; write(inputs: ExportInputs, base: InspectedModel): Promise<ExportNote[]> }
    | { readonly needs: 'weights'; write(inputs: ExportInputs, base: Model): Promise<ExportNote[]> }
  );

const peft: ExportFormat = {
  help: 'a folder that PEFT loads onto the base model (portable: also vLLM)',
  extension: null,
  takes: ['portable', 'baseModel'],
  needs: 'name',
  async write({ out, adapter, basePath, options: { portable, baseModel }, about }) {
    const origin = hubOrigin(basePath);
    await exportPeft(out, lowRankUpdates(adapter.layers), {
      baseModel: baseModel ?? origin?.id ?? basePath,
      revision: baseModel === undefined ? origin?.commit : undefined,
      portable,
      about,
    });
    if (baseModel !== undefined) return [];
    return origin?.file === undefined && origin !== undefined ? [] : [localBase(basePath)];
  },
};

const merged: ExportFormat = {
  help: 'a whole Hugging Face model with the adapter added to its weights',
  extension: null,
  takes: ['type'],
  needs: 'weights',
  async write({ out, adapter, options: { type }, about }, base) {
    const rounding = await exportMerged(out, adaptedModel(base, adapter), { type, about });
    return rounding === null ? [] : [roundingNote(rounding)];
  },
};

const ggufLora: ExportFormat = {
  help: 'a .gguf file that llama.cpp loads beside the GGUF of the base model',
  extension: '.gguf',
  takes: [],
  needs: 'config',
  async write({ out, adapter }, base) {
    await exportGgufLora(out, base, lowRankUpdates(adapter.layers));
    return [];
  },
};

/** By name, the default first. */
export const EXPORT_FORMATS = { peft, merged, 'gguf-lora': ggufLora } as const;

function localBase(path: string): ExportNote {
  const trouble = path.endsWith('.gguf')
    ? ' and PEFT opens no GGUF file'
    : ': on another machine nothing stands there';
  return (option) =>
    `adapter_config.json names ${path} as base model${trouble}. ${option('baseModel')} names it as the hub does.`;
}

/** Share of ‖ΔW‖ from which a merge is not what the adapter was. */
const NOTABLE = 0.01;

function roundingNote({ overall, worst }: Rounding): ExportNote {
  const percent = (share: number) => `${(100 * share).toPrecision(3)} %`;
  const text = `Rounding to 16 bits took ${percent(overall)} of ‖ΔW‖, at most ${percent(worst.share)} (${worst.layer}).`;
  const notable = overall > NOTABLE || worst.share > NOTABLE;
  return (option) => (notable ? `${text} ${option('type')} float32 keeps all of it.` : text);
}
