/** Which files of a repository a model is made of. */
import { UserError } from '../errors/index.ts';
import { type HubReference, tellReference } from './hub-reference.ts';

export const INDEX_FILE = 'model.safetensors.index.json';
const SINGLE_FILE = 'model.safetensors';

/** What stands beside the weights; a model may do without any of it but the first. */
export const CONFIG_FILE = 'config.json';
export const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json'] as const;
const FURTHER_FILES = [
  'generation_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'chat_template.json',
];
const FURTHER_TEMPLATE = /^additional_chat_templates\/[^/]+\.jinja$/;

/** Names that are asked for, whether the repository has them or not. */
export const ASIDE = [CONFIG_FILE, ...TOKENIZER_FILES, ...FURTHER_FILES];

/** A model's files beside its weights, of those that there are. */
export const filesAside = (names: readonly string[]): string[] =>
  names.filter((name) => ASIDE.includes(name) || FURTHER_TEMPLATE.test(name));

/** What a repository holds, as far as this program is concerned. */
export type Choice =
  /** A folder with safetensors: in one file, or in those that the index names. */
  | { readonly form: 'folder'; readonly weights: typeof INDEX_FILE | typeof SINGLE_FILE }
  /** A GGUF file, the first of its parts. */
  | { readonly form: 'gguf'; readonly files: readonly string[] };

/** @throws UserError `hub-no-model`, `hub-file-not-found`, `hub-choice`. */
export function chooseModel(names: readonly string[], reference: HubReference): Choice {
  const { file, part } = reference;
  if (file === undefined && part === undefined && names.includes(CONFIG_FILE)) {
    const weights = ([INDEX_FILE, SINGLE_FILE] as const).find((name) => names.includes(name));
    if (weights !== undefined) return { form: 'folder', weights };
  }
  const models = names.filter((name) => /\.gguf$/i.test(name) && !/(^|\/)mmproj|imatrix/i.test(name));
  const firsts = models.filter((name) => (PARTS.exec(name)?.[2] ?? '00001') === '00001');
  if (file === undefined && part === undefined && firsts.length === 0) throw noModel(names, reference);
  const fitting = firsts.filter((name) => fits(name, reference));
  const [first] = fitting;
  if (first === undefined) throw notThere(reference, firsts);
  if (fitting.length > 1) throw ambiguous(reference, fitting);
  const parts = partsOf(first);
  const missing = parts.filter((name) => !names.includes(name));
  if (missing.length > 0) throw notThere({ ...reference, file: missing[0], part: undefined }, firsts);
  return { form: 'gguf', files: parts };
}

/** `model-00001-of-00003.gguf` */
const PARTS = /^(.*)-(\d{5})-of-(\d{5})(\.gguf)$/i;

/** All parts of a GGUF file by the name of the first. */
export function partsOf(first: string): string[] {
  const [, name, , total = '', ending] = PARTS.exec(first) ?? [];
  if (name === undefined) return [first];
  return Array.from({ length: Number(total) }, (_, index) => {
    return `${name}-${String(index + 1).padStart(5, '0')}-of-${total}${ending}`;
  });
}

/** `Q4_K_M` of `Model-7B.Q4_K_M-00001-of-00002.gguf`, in capitals. */
export function quantizationOf(name: string): string | undefined {
  const plain = name.replace(PARTS, '$1$4').replace(/\.gguf$/i, '');
  return /[-._/]((?:UD-)?(?:I?Q\d\w*|TQ\d\w*|MXFP4\w*|BF16|F16|F32|FP16|FP32))$/i
    .exec(`/${plain}`)?.[1]
    ?.toUpperCase();
}

function fits(name: string, { file, part }: HubReference): boolean {
  if (file !== undefined) return name === file;
  if (part === undefined) return true;
  const bare = name.slice(name.lastIndexOf('/') + 1);
  return [name, bare].includes(part) || quantizationOf(name) === part.toUpperCase();
}

/** Choices as they would be written. */
function tellChoices({ id, revision }: HubReference, names: readonly string[]): string[] {
  const at = revision === 'main' ? '' : `@${revision}`;
  const tags = names.map(quantizationOf);
  return names.map((name, index) => {
    const tag = tags[index];
    const isClear = tag !== undefined && tags.filter((other) => other === tag).length === 1;
    return isClear ? `${id}${at}:${tag}` : `${id}/${name}${at}`;
  });
}

function ambiguous(reference: HubReference, names: readonly string[]): UserError {
  const choices = tellChoices(reference, names);
  return new UserError('hub-choice', {
    what: `${tellReference(reference)} could be any of ${names.length} GGUF files.`,
    got: choices,
    expected: 'one of them',
    fix: `name it, for example ${choices.find((one) => /:Q4_K_M$/.test(one)) ?? choices[0]}`,
  });
}

function notThere(reference: HubReference, names: readonly string[]): UserError {
  const { id, file, part } = reference;
  return new UserError('hub-file-not-found', {
    what: `The model ${id} has no GGUF file ${file ?? part}.`,
    got: names.length === 0 ? 'no GGUF file at all' : tellChoices(reference, names),
    expected: 'one that it has',
    fix: names.length === 0 ? `name ${id} alone` : 'name one of these',
  });
}

function noModel(names: readonly string[], { id, revision }: HubReference): UserError {
  const weights = names.filter((name) => /\.(bin|pt|pth|ckpt|h5|msgpack|onnx|safetensors)$/.test(name));
  const adapter = names.includes('adapter_config.json');
  const shown = (weights.length > 0 ? weights : names).slice(0, 8);
  return new UserError('hub-no-model', {
    what: adapter
      ? `${id} is an adapter without its base model.`
      : `${id} at ${revision} holds no weights that can be read.`,
    got: shown.length === 0 ? 'no files' : shown.join(', '),
    expected: `config.json with ${SINGLE_FILE} or ${INDEX_FILE}, or a .gguf file`,
    fix: adapter
      ? 'name the base model'
      : 'look for a revision with safetensors (often a pull request: @refs/pr/1), or save the model anew: model.save_pretrained(folder, safe_serialization=True)',
  });
}
