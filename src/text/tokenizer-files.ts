/** The files of a Hugging Face tokenizer. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors/index.ts';
import { type JsonFile, readJsonObject, SIZE_LIMITS } from '../files/index.ts';
import { type ChatTemplateFiles, readChatTemplates } from './chat/template-set.ts';

/** A tokenizer in the words of Hugging Face's files. */
export interface TokenizerFiles {
  /** tokenizer.json */
  readonly tokenizer: JsonObject;
  /** tokenizer_config.json, and over it special_tokens_map.json. */
  readonly config: JsonObject;
  /** generation_config.json, of which the tokens that end a text are read; config.json where there is none. */
  readonly generation?: JsonObject;
  readonly chat?: ChatTemplateFiles;
}
type JsonObject = Readonly<Record<string, unknown>>;

const FIX = 'save the tokenizer again or use the one that the model was published with';
const TOKENIZER: JsonFile = { limit: SIZE_LIMITS.tokenizer, code: 'tokenizer-invalid', fix: FIX };

/** Reads the files of a tokenizer from a folder. Throws {@link UserError}. */
export function readTokenizerFiles(path: string, modelConfig: JsonObject): TokenizerFiles {
  const tokenizer = readIfThere(join(path, 'tokenizer.json'));
  if (tokenizer === undefined) {
    throw new UserError('tokenizer-missing', {
      what: `${path} has no tokenizer.json.`,
      expected: 'tokenizer.json beside config.json',
      fix: 'save it there: AutoTokenizer.from_pretrained(…).save_pretrained(folder)',
    });
  }
  const config = readIfThere(join(path, 'tokenizer_config.json'));
  const special = readIfThere(join(path, 'special_tokens_map.json'));
  const generation = readIfThere(join(path, 'generation_config.json'));
  return {
    tokenizer,
    config: { ...config, ...special },
    generation: generation ?? modelConfig,
    chat: readChatTemplates(path, config ?? {}),
  };
}

function readIfThere(path: string): JsonObject | undefined {
  return existsSync(path) ? readJsonObject(path, TOKENIZER) : undefined;
}

/** The error for a tokenizer that cannot be used. */
export function invalidTokenizer(path: string, cause: unknown): UserError {
  return new UserError(
    'tokenizer-invalid',
    {
      what: `The tokenizer of ${path} cannot be used.`,
      got: (cause instanceof Error ? cause.message : String(cause)).slice(0, 300),
      expected: 'a tokenizer.json as the tokenizers library writes it',
      fix: FIX,
    },
    { cause },
  );
}
