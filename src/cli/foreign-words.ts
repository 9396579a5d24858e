/**
 * The words of PEFT, transformers, TRL, unsloth, axolotl, mlx-lm and LLaMA-Factory that are no options here, and what to
 * do instead. Words that mean the same as an option of ours are its aliases, in its own table.
 */

/** Flags without their dashes, `*` for any ending; and what is said of them. */
const FLAGS: readonly (readonly [words: string, advice: string])[] = [
  // What is adapted, and how.
  [
    'use-peft train do-train do-eval do-predict test stage trainer task-type peft-type runtime-config lora-task-type auto-mapping inference-mode peft-version',
    'leave it out: the command says what is done',
  ],
  [
    'model model-name model-name-or-path base-model base-model-name-or-path load',
    'the model is the first argument: rankscope train ./my-model',
  ],
  ['revision model-revision', 'a folder holds one revision: download the one that is meant'],
  ['fine-tune-type finetuning-type', 'the kind of adapter is --adapter, lora being one'],
  [
    'rank r lora-r lora-rank',
    'one rank is an option of rankscope train; a probe measures many at once: --ranks 4,16,64',
  ],
  [
    'alpha lora-alpha scale',
    'this is an option of rankscope train; coverage does not depend on the scale of an update',
  ],
  [
    'lora-parameters lora-config peft-config',
    'its parts are options: --rank, --scale or --lora-alpha, --dropout, --layers',
  ],
  ['use-rslora peft-use-rslora', 'rank-stabilized LoRA is a scale of α/√r: --scale 8 for α 32 and r 16'],
  [
    'use-dora peft-use-dora',
    'DoRA is not done here: its update is not of low rank. --adapter lora is plain LoRA',
  ],
  [
    'init-lora-weights peft-init-lora-weights pissa-* eva-config corda-config lora-ga-config',
    'where an adapter starts is --basis: svd (PiSSA), svd-minor (MiLoRA), activation (EVA), gradient-lora-ga, random (plain LoRA)',
  ],
  [
    'loftq* layer-replication megatron* arrow-config kasa-config velora-config monteclora-config use-qalora qalora-group-size use-bdlora alora-invocation-tokens lora-mlp-kernel lora-qkv-kernel lora-o-kernel use-galore* use-badam* oft-* relora* lisa-*',
    'not done here: adapters are products of low rank on frozen weights (--adapter)',
  ],
  ['loraplus-* lora-on-cpu', 'not done here: both factors have one learning rate, --lr'],
  [
    'bias lora-bias modules-to-save lora-modules-to-save additional-target trainable-token-indices target-parameters ensure-weight-tying embeddings-skip-upcast unfrozen-parameters',
    'not trained here: adapters sit on the linear layers of the blocks alone (--layers)',
  ],
  ['fan-in-fan-out', 'leave it out: how a model stores its weights is read from its files'],
  ['exclude-modules', 'name what is adapted instead: --layers q_proj,v_proj'],
  [
    'layers-to-transform layers-pattern peft-layers-to-transform peft-layers-pattern',
    "blocks are chosen by pattern: --layers '.*layers[.](0|1|2)[.].*'",
  ],
  [
    'num-layers freeze-trainable-*',
    "blocks are chosen by pattern: --layers '*.2[0-9].*' has those from 20 to 29",
  ],
  ['lora-target-linear', 'the default: --layers all-linear'],
  ['rank-pattern alpha-pattern', 'ranks by layer stand in a plan: --plan plan.json (docs/training.md)'],
  // Data.
  [
    'dataset datasets dataset-name dataset-dir data-path train-file train-data',
    'the text is --data with a file',
  ],
  [
    'dataset-config* dataset-*split dataset-num-proc preprocessing-num-workers overwrite-cache dataset-kwargs dataset-prepared-path streaming max-samples shuffle-*',
    'not done here: --data takes a text as it is',
  ],
  ['eval-dataset val-data eval-file', 'a text to evaluate on is --eval-data with a file'],
  [
    'val-set-size val-size val-batches test-batches',
    'keep a file of its own for it: --eval-data held-out.jsonl',
  ],
  [
    'packing sample-packing eval-sample-packing neat-packing eval-packing pad-to-sequence-len packing-strategy',
    'sequences are filled up with the next document, unless --no-pack is given',
  ],
  [
    'completion-only-loss assistant-only-loss train-on-inputs train-on-prompt mask-prompt mask-history train-on-responses-only',
    'prompts are no targets, answers are: leave it out (docs/texts.md)',
  ],
  [
    'group-by-length length-column-name train-sampling-strategy ignore-data-skip dataloader-* remove-unused-columns label-names data-seed',
    'not done here: sequences are drawn in a random order (--seed)',
  ],
  ['dataset-text-field field-*', 'the text is the field text, or prompt and completion (docs/texts.md)'],
  // Steps.
  ['num-epoch* train-epochs', 'passes over the text are --epochs'],
  ['warmup-ratio', 'a warm-up is told in steps: 0.03 of 400 steps is --warmup 12'],
  ['optim optim-args optim-target-modules', 'the optimizer is --optimizer adamw or sgd'],
  ['adam-beta* adam-epsilon', 'not changed here: AdamW has β 0.9 and 0.999, ε 1e-8'],
  [
    'lr-scheduler-kwargs cosine-min-lr-ratio cosine-constant-lr-ratio lr-schedule',
    'a schedule has no settings: --schedule cosine, linear or constant falls after --warmup',
  ],
  [
    'lr learning-rate steps max-steps iters epochs accumulation gradient-accumulation-steps',
    'this is an option of rankscope train',
  ],
  [
    'per-device-eval-batch-size eval-batch-size auto-find-batch-size average-tokens-across-devices',
    'there is one batch size, --batch-size',
  ],
  [
    'label-smoothing-factor neftune* noisy-embedding-alpha use-cache',
    'not done here: the loss is that of the next token',
  ],
  // Numbers.
  [
    'load-in-4bit load-in-8bit load-4bit load-8bit quantization-bit quantization* bnb-* double-quantization qlora',
    'a GGUF file is read in the types that it has, and computed in float32; --compute int8 multiplies in 8 bits',
  ],
  [
    'bf16* fp16* tf32 dtype torch-dtype compute-type half pure-bf16',
    'not done here: numbers are float32, or --compute int8',
  ],
  [
    'gradient-checkpointing* grad-checkpoint use-gradient-checkpointing activation-checkpointing* activation-offloading',
    'what does not fit is computed twice by itself, within --memory',
  ],
  [
    'attn-implementation flash-attn* flash-attention sdp-attention xformers-attention use-liger-kernel liger* torch-compile* use-unsloth* unsloth-* enable-liger-kernel',
    'there is one engine, and its attention: leave it out',
  ],
  ['use-cpu no-cuda', 'the default: the processor computes'],
  [
    'deepspeed fsdp* ddp* accelerator-config parallelism-config local-rank num-processes torch-empty-cache-steps enable-jit-checkpoint full-determinism',
    'not done here: one process on one machine, and the same numbers every time',
  ],
  // What is told and kept.
  [
    'logging-* log-* disable-tqdm steps-per-report debug skip-memory-metrics include-* batch-eval-metrics plot-loss trackio-*',
    'every step is a line of metrics.jsonl, and of a file for TensorBoard, in the folder of the run',
  ],
  [
    'report-to project* wandb* use-wandb swanlab* run-name comet* mlflow*',
    'no service is told: the folder of a run has metrics.jsonl and a file for TensorBoard',
  ],
  [
    'eval-strategy evaluation-strategy evals-per-epoch eval-delay eval-on-start eval-do-* eval-use-* eval-accumulation-steps prediction-loss-only do-sample-eval',
    'evaluations come at the start, at the end, and with --eval-every',
  ],
  [
    'save-strategy save-total-limit save-only-model save-on-each-node saves-per-epoch save-model save-safetensors',
    'the newest checkpoint is kept; --checkpoint-every says how often it is written',
  ],
  [
    'save-method save-path save-gguf save-merged* fuse export-dir export-*',
    'other forms are written by rankscope export RUN --format',
  ],
  [
    'load-best-model-at-end metric-for-best-model greater-is-better early-stopping*',
    'not done here: the last step is the result, and metrics.jsonl has the losses of all',
  ],
  [
    'resume-from-checkpoint resume-adapter-file restore-callback* auto-resume-from-checkpoints create-new-adapter adapter-name-or-path',
    'to go on with a run: --resume with its --out',
  ],
  [
    'adapter-path overwrite-output-dir',
    'a new folder is named with --out; one that is there is not overwritten',
  ],
  [
    'push-to-hub push-model hub-* hub-path',
    'nothing is sent anywhere: upload the folder that rankscope export writes',
  ],
  ['trust-remote-code', 'no code of a model is run: its architecture is known here, or it is refused'],
  ['template chat-template* special-tokens tokenizer-type', 'the tokenizer is that of the model'],
];

/** What values of other programs stand for, by option of the library. */
const VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  adapter: {
    pissa: '--adapter factors --basis svd starts in its directions',
    milora: '--adapter factors --basis svd-minor starts in its directions',
    eva: '--adapter factors --basis activation starts in its directions',
    'lora-ga': '--adapter factors --basis gradient-lora-ga starts in its directions',
    'lora-xs': 'LoRA-XS is --adapter core',
    'lora-sb': 'the nearest is --adapter core --basis gradient',
    'lora-fa': 'LoRA-FA is --adapter left --basis random',
    svf: 'SVF is --adapter diagonal',
    qlora: 'LoRA on a quantized model: --adapter lora on a GGUF file',
    dora: 'DoRA is not done here: --adapter lora is plain LoRA',
    none: 'full fine-tuning is --adapter full',
  },
  families: {
    lora: 'LoRA is --families factors',
    'lora-xs': 'LoRA-XS is --families core',
    'lora-fa': 'LoRA-FA is --families left',
  },
  basis: {
    pissa: 'its directions are --basis svd',
    milora: 'its directions are --basis svd-minor',
    eva: 'its directions are --basis activation',
    'lora-ga': 'its directions are --basis gradient-lora-ga',
    lora: 'plain LoRA starts with --basis random',
    gaussian: 'the same spans are those of --basis random',
    kaiming: 'the same spans are those of --basis random',
  },
  optimizer: {
    adam: '--optimizer adamw with --weight-decay 0 is Adam',
    '*': 'adamw, in 32 bits, and sgd are all that there is',
  },
  schedule: {
    'constant-with-warmup': '--schedule constant with --warmup',
    '*': 'cosine, linear and constant are all that there is',
  },
};
const SAME_VALUES: Readonly<Record<string, string>> = { bases: 'basis' };

/** What to do in place of a flag of another program; undefined for a word that none has. */
export function adviceOnFlag(word: string): string | undefined {
  const fits = (pattern: string) =>
    pattern.endsWith('*') ? word.startsWith(pattern.slice(0, -1)) : word === pattern;
  return FLAGS.find(([words]) => words.split(' ').some(fits))?.[1];
}

/** What to do in place of a value of another program, by the library's name of the option. */
export function adviceOnValue(option: string, value: unknown): string | undefined {
  const words = VALUES[SAME_VALUES[option] ?? option];
  if (words === undefined || typeof value !== 'string') return undefined;
  const word = value.toLowerCase().replaceAll('_', '-');
  return Object.hasOwn(words, word) ? words[word] : words['*'];
}

/** All advice, for tests. */
export const ALL_ADVICE: readonly string[] = [
  ...FLAGS.map(([, advice]) => advice),
  ...Object.values(VALUES).flatMap((words) => Object.values(words)),
];
