/** The files of a Hugging Face tokenizer. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors/index.ts';

/** A tokenizer in the words of Hugging Face's files. */
export interface TokenizerFiles {
  /** tokenizer.json */
  readonly tokenizer: JsonObject;
  /** tokenizer_config.json, and over it special_tokens_map.json. */
  readonly config: JsonObject;
  /** generation_config.json, of which the tokens that end a text are read; config.json where there is none. */
  readonly generation?: JsonObject;
}
type JsonObject = Readonly<Record<string, unknown>>;

/** Bytes of a file, at most: the largest vocabularies take a tenth. */
const LARGEST = 2 ** 28;

/** Reads the files of a tokenizer from a folder. Throws {@link UserError}. */
export async function readTokenizerFiles(path: string, modelConfig: JsonObject): Promise<TokenizerFiles> {
  const tokenizer = await readJsonObject(join(path, 'tokenizer.json'));
  if (tokenizer === undefined) {
    throw new UserError('tokenizer-missing', {
      what: `${path} has no tokenizer.json.`,
      expected: 'tokenizer.json beside config.json',
      fix: 'save it there: AutoTokenizer.from_pretrained(…).save_pretrained(folder)',
    });
  }
  const config = await readJsonObject(join(path, 'tokenizer_config.json'));
  const special = await readJsonObject(join(path, 'special_tokens_map.json'));
  const generation = await readJsonObject(join(path, 'generation_config.json'));
  return { tokenizer, config: { ...config, ...special }, generation: generation ?? modelConfig };
}

async function readJsonObject(path: string): Promise<JsonObject | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error('not a file');
    if (found.size > LARGEST) throw new Error(`${found.size} bytes, which are more than ${LARGEST}`);
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof content === 'object' && content !== null && !Array.isArray(content))
      return content as JsonObject;
    throw new Error('JSON, but no object');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw invalidTokenizer(path, error);
  }
}

/** The error for a tokenizer that cannot be used. */
export function invalidTokenizer(path: string, cause: unknown): UserError {
  return new UserError(
    'tokenizer-invalid',
    {
      what: `The tokenizer of ${path} cannot be used.`,
      got: (cause instanceof Error ? cause.message : String(cause)).slice(0, 300),
      expected: 'a tokenizer.json as the tokenizers library writes it',
      fix: 'save the tokenizer again or use the one that the model was published with',
    },
    { cause },
  );
}
