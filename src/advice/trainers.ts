/** What other trainers read: an advised LoRA in the words of each. */
import { UserError } from '../errors/index.ts';
import type { AdviceRecord } from '../record/index.ts';

/** A LoRA of an advice, in the words that trainers share. */
interface LoraRun {
  readonly model: string;
  readonly data: string;
  readonly rank: number;
  /** Layers of another rank than that, by module name. */
  readonly others: Readonly<Record<string, number>>;
  readonly modules: readonly string[];
  /** Last parts of the modules' names. */
  readonly suffixes: readonly string[];
  /** Whether those alone name the modules, and no others. */
  readonly bySuffix: boolean;
  readonly learningRate: number;
  readonly schedule: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly seqLen: number;
}

export interface TrainerFiles {
  readonly files: Readonly<Record<string, string>>;
  /** What the trainer cannot be told. */
  readonly notes: readonly string[];
}

/** Name of the folder with the adapter as it starts, beside the files. */
export const START_FOLDER = 'adapter';

type Writer = (run: LoraRun) => TrainerFiles;

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Keys and values of YAML; JSON is YAML where nothing else is needed. */
const yaml = (entries: Readonly<Record<string, unknown>>): string =>
  Object.entries(entries)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('');

/** As PEFT's LoraConfig takes it; alpha equals the rank everywhere, so that the scale is 1. */
const loraConfig = ({ rank, others, modules }: LoraRun) => ({
  task_type: 'CAUSAL_LM',
  r: rank,
  lora_alpha: rank,
  rank_pattern: others,
  alpha_pattern: others,
  target_modules: modules,
  lora_dropout: 0,
  bias: 'none',
});

/** As transformers' TrainingArguments takes it, and what is built on that. */
const trainingArguments = ({ learningRate, schedule, steps, batchSize }: LoraRun) => ({
  learning_rate: learningRate,
  lr_scheduler_type: schedule,
  warmup_steps: 0,
  max_steps: steps,
  per_device_train_batch_size: batchSize,
  optim: 'adamw_torch',
  weight_decay: 0,
  max_grad_norm: 1,
});

const python = (name: string, call: string, values: Readonly<Record<string, unknown>>): string => {
  const lines = Object.entries(values).map(([key, value]) => `    ${key}=${JSON.stringify(value)},`);
  return `${name} = ${call}(\n${lines.join('\n')}\n)\n`;
};

const START_CODE = (model: string) => `# From the advised start, A in its frames and B = 0:
#     PeftModel.from_pretrained(base, "${START_FOLDER}", is_trainable=True)
# From PEFT's own start:
#     get_peft_model(base, config)
MODEL = ${JSON.stringify(model)}
`;

const uneven = ({ others }: LoraRun, name: string): string[] =>
  Object.keys(others).length === 0
    ? []
    : [
        `${name} knows one rank only: ${Object.keys(others).length} layers that are too narrow for it have less here.`,
      ];

const inexact = ({ bySuffix }: LoraRun, name: string): string[] =>
  bySuffix
    ? []
    : [`${name} names modules by their last part: it will train layers as well that are left out here.`];

const WRITERS = {
  peft: (run) => ({
    files: {
      'lora_config.json': json(loraConfig(run)),
      'lora_config.py': `from peft import LoraConfig, PeftModel, get_peft_model\n\n${START_CODE(run.model)}\n${python('config', 'LoraConfig', loraConfig(run))}`,
      'training_arguments.json': json(trainingArguments(run)),
    },
    notes: [],
  }),
  trl: (run) => ({
    files: {
      'sft.py': `from peft import LoraConfig, PeftModel, get_peft_model\nfrom trl import SFTConfig\n\n${START_CODE(run.model)}\n${python('config', 'LoraConfig', loraConfig(run))}\n${python('arguments', 'SFTConfig', { ...trainingArguments(run), max_length: run.seqLen })}`,
    },
    notes: [],
  }),
  axolotl: (run) => ({
    files: {
      'axolotl.yaml': yaml({
        base_model: run.model,
        adapter: 'lora',
        lora_model_dir: START_FOLDER,
        lora_r: run.rank,
        lora_alpha: run.rank,
        lora_dropout: 0,
        lora_target_modules: run.modules,
        sequence_len: run.seqLen,
        micro_batch_size: run.batchSize,
        gradient_accumulation_steps: 1,
        max_steps: run.steps,
        learning_rate: run.learningRate,
        lr_scheduler: run.schedule,
        warmup_steps: 0,
        optimizer: 'adamw_torch',
        weight_decay: 0,
        max_grad_norm: 1,
      }),
    },
    notes: uneven(run, 'axolotl'),
  }),
  unsloth: (run) => ({
    files: {
      'unsloth_config.py': `from unsloth import FastLanguageModel\n\nMODEL = ${JSON.stringify(run.model)}\nlora = dict(r=${run.rank}, lora_alpha=${run.rank}, lora_dropout=0, bias="none", target_modules=${JSON.stringify(run.suffixes)})\n${python('arguments', 'dict', { ...trainingArguments(run), max_length: run.seqLen })}\n# model, tokenizer = FastLanguageModel.from_pretrained(MODEL, max_seq_length=${run.seqLen})\n# model = FastLanguageModel.get_peft_model(model, **lora)\n`,
    },
    notes: [...uneven(run, 'unsloth'), ...inexact(run, 'unsloth')],
  }),
  'llama-factory': (run) => ({
    files: {
      'llama_factory.yaml': yaml({
        model_name_or_path: run.model,
        adapter_name_or_path: START_FOLDER,
        stage: 'sft',
        do_train: true,
        finetuning_type: 'lora',
        lora_rank: run.rank,
        lora_alpha: run.rank,
        lora_dropout: 0,
        lora_target: run.suffixes.join(','),
        cutoff_len: run.seqLen,
        gradient_accumulation_steps: 1,
        ...trainingArguments(run),
      }),
    },
    notes: [...uneven(run, 'LLaMA-Factory'), ...inexact(run, 'LLaMA-Factory')],
  }),
  mlx: (run) => ({
    files: {
      'mlx_lora.yaml': yaml({
        model: run.model,
        train: true,
        fine_tune_type: 'lora',
        num_layers: -1,
        batch_size: run.batchSize,
        iters: run.steps,
        learning_rate: run.learningRate,
        ...(run.schedule === 'cosine'
          ? { lr_schedule: { name: 'cosine_decay', arguments: [run.learningRate, run.steps] } }
          : {}),
        optimizer: 'adamw',
        max_seq_length: run.seqLen,
        lora_parameters: {
          keys: run.suffixes.map((name) =>
            run.modules
              .find((one) => one.endsWith(`.${name}`))!
              .split('.')
              .slice(-2)
              .join('.'),
          ),
          rank: run.rank,
          scale: 1,
          dropout: 0,
        },
      }),
    },
    notes: [
      ...uneven(run, 'mlx-lm'),
      ...inexact(run, 'mlx-lm'),
      'mlx-lm starts from its own A: it takes no starting adapter of PEFT’s form.',
    ],
  }),
} as const satisfies Readonly<Record<string, Writer>>;

export type TrainerName = keyof typeof WRITERS;
export const TRAINERS = Object.keys(WRITERS) as [TrainerName, ...TrainerName[]];

/** Trainers that begin from the folder {@link START_FOLDER}. */
export const startsFromFolder = (trainer: TrainerName): boolean => trainer !== 'mlx' && trainer !== 'unsloth';

/**
 * @param model what the trainer calls the model: an id, or a folder.
 * @throws UserError `learning-rate-unknown` where the advice has none.
 */
export function writeForTrainer(
  trainer: TrainerName,
  { plan, rate, settings, data, ...record }: AdviceRecord,
  model = record.model.path,
): TrainerFiles {
  if (rate === null)
    throw new UserError('learning-rate-unknown', (option) => ({
      what: `there is no learning rate to write for ${trainer}`,
      got: record.notes.at(-1) ?? '',
      fix: `leave ${option('emit')} out, and try rates`,
    }));
  const trained = plan.layers.filter(({ rank }) => rank > 0);
  const suffix = (name: string) => name.split('.').at(-1)!;
  const suffixes = [...new Set(trained.map(({ name }) => suffix(name)))];
  return WRITERS[trainer]({
    model,
    data: data.path,
    rank: plan.rank,
    others: Object.fromEntries(
      trained.filter(({ rank }) => rank !== plan.rank).map(({ name, rank }) => [name, rank]),
    ),
    modules: trained.map(({ name }) => name),
    suffixes,
    bySuffix: plan.layers.every(({ name, rank }) => rank > 0 || !suffixes.includes(suffix(name))),
    learningRate: rate.learningRate,
    schedule: settings.schedule,
    steps: settings.steps,
    batchSize: settings.batchSize,
    seqLen: settings.seqLen,
  });
}
