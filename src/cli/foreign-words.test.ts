import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../errors/index.ts';
import { ALL_ADVICE, adviceOnFlag, adviceOnValue } from './foreign-words.ts';
import { createProgram } from './program.ts';
import { translateFlags } from './translate-flags.ts';

const COMMANDS = ['probe', 'train', 'eval', 'export', 'generate', 'report'];
let program: Command;
beforeAll(async () => {
  program = await createProgram(COMMANDS);
});

const optionsOf = (name: string) =>
  program.commands.find((command) => command.name() === name)!.options.map(({ long }) => long);

/** Fields of the packages as they are installed (`scripts/reference/make-trainer-words.py`). */
const FIELDS: Record<string, string[]> = JSON.parse(
  readFileSync(new URL('../../test/reference/trainer-words.json', import.meta.url), 'utf8'),
);

/** What their documentation has people type most. */
const OTHERS: Record<string, string> = {
  TRL:
    'model_name_or_path dataset_name dataset_text_field max_length max_seq_length packing completion_only_loss assistant_only_loss ' +
    'use_peft lora_r lora_alpha lora_dropout lora_target_modules lora_modules_to_save lora_task_type load_in_4bit load_in_8bit ' +
    'attn_implementation trust_remote_code torch_dtype dtype gradient_checkpointing eval_strategy use_rslora use_dora',
  unsloth:
    'model_name max_seq_length dtype load_in_4bit dataset r lora_alpha lora_dropout bias use_gradient_checkpointing random_state ' +
    'use_rslora loftq_config per_device_train_batch_size gradient_accumulation_steps warmup_steps max_steps learning_rate optim ' +
    'weight_decay lr_scheduler_type seed output_dir report_to logging_steps save_model save_method save_gguf save_path ' +
    'quantization push_model hub_path hub_token',
  axolotl:
    'base_model adapter lora_r lora_alpha lora_dropout lora_target_modules lora_target_linear lora_modules_to_save sequence_len ' +
    'sample_packing eval_sample_packing pad_to_sequence_len micro_batch_size gradient_accumulation_steps num_epochs optimizer ' +
    'lr_scheduler learning_rate datasets dataset_prepared_path val_set_size train_on_inputs group_by_length bf16 fp16 tf32 ' +
    'gradient_checkpointing flash_attention xformers_attention warmup_steps warmup_ratio evals_per_epoch saves_per_epoch ' +
    'eval_batch_size wandb_project wandb_run_id weight_decay special_tokens chat_template peft_use_dora peft_use_rslora ' +
    'load_in_8bit load_in_4bit loraplus_lr_ratio deepspeed fsdp fsdp_config resume_from_checkpoint early_stopping_patience',
  'mlx-lm':
    'model train data fine-tune-type optimizer mask-prompt num-layers batch-size iters val-batches learning-rate steps-per-report ' +
    'steps-per-eval grad-accumulation-steps resume-adapter-file adapter-path save-every test test-batches max-seq-length ' +
    'grad-checkpoint seed report-to project-name lora-parameters lr-schedule',
  'LLaMA-Factory':
    'stage do_train model_name_or_path dataset dataset_dir template finetuning_type lora_target lora_rank lora_alpha lora_dropout ' +
    'cutoff_len max_samples overwrite_cache preprocessing_num_workers output_dir logging_steps save_steps plot_loss ' +
    'overwrite_output_dir per_device_train_batch_size gradient_accumulation_steps learning_rate num_train_epochs ' +
    'lr_scheduler_type warmup_ratio bf16 val_size quantization_bit flash_attn additional_target create_new_adapter ' +
    'loraplus_lr_ratio pissa_init use_dora use_rslora freeze_trainable_layers adapter_name_or_path export_dir neat_packing ' +
    'train_on_prompt mask_history',
};

const words = [
  ...Object.entries(FIELDS),
  ...Object.entries(OTHERS).map(([from, text]) => [from, text.split(' ')] as const),
];

describe.each(words)('every word of %s', (_, list) => {
  it('is an option of train, or is told what to do instead', () => {
    const options = optionsOf('train');
    const unknown = list
      .map((word) => word.replaceAll('_', '-'))
      .filter((word) => !options.includes(`--${word}`) && adviceOnFlag(word) === undefined);
    expect(unknown).toEqual([]);
  });
});

it('advice names options that there are', () => {
  const known = new Set(COMMANDS.flatMap(optionsOf));
  const named = ALL_ADVICE.flatMap((advice) => advice.match(/--[a-z-]+/g) ?? []);
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((flag) => !known.has(flag))).toEqual([]);
});

describe('flags', () => {
  const translate = (...args: string[]) => translateFlags(args, program);

  it('may be written with underscores, as transformers does', () => {
    expect(
      translate('train', '--learning_rate', '1e-3', '--per_device_train_batch_size=2', '--r', '8'),
    ).toEqual(['train', '--learning-rate', '1e-3', '--per-device-train-batch-size=2', '--r', '8']);
  });

  it('leave values and what comes after -- alone', () => {
    const args = ['generate', '--prompt', '--learning_rate', '--', '--load_in_4bit'];
    expect(translate(...args)).toEqual(args);
    expect(translate('train', '--out=a_b', 'my_model')).toEqual(['train', '--out=a_b', 'my_model']);
  });

  it.each([
    ['train', '--warmup_ratio', /--warmup-ratio is no option of rankscope train.*--warmup 12/s],
    ['train', '--load-in-4bit', /GGUF/],
    ['train', '--use_rslora=True', /--scale 8/],
    ['train', '--num-layers', /--layers/],
    ['probe', '--r', /--ranks 4,16,64/],
    ['probe', '--learning-rate', /rankscope train/],
  ])('of other programs are told what to do: %s %s', (command, flag, message) => {
    expect(() => translate(command, flag, '1')).toThrow(UserError);
    expect(() => translate(command, flag, '1')).toThrow(message);
  });

  it('that no program has are left to the parser', () => {
    expect(translate('train', '--no-such_thing')).toEqual(['train', '--no-such_thing']);
    expect(translate('nothing', '--load-in-4bit')).toEqual(['nothing', '--load-in-4bit']);
  });
});

it('values of other programs are told what they are here', () => {
  expect(adviceOnValue('adapter', 'PiSSA')).toMatch('--basis svd');
  expect(adviceOnValue('bases', 'eva')).toMatch('activation');
  expect(adviceOnValue('optimizer', 'paged_adamw_8bit')).toMatch('adamw');
  expect(adviceOnValue('schedule', 'constant_with_warmup')).toMatch('--schedule constant');
  expect(adviceOnValue('adapter', 'toString')).toBeUndefined();
  expect(adviceOnValue('seqLen', 'eva')).toBeUndefined();
});
