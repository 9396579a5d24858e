/** The files of a Hugging Face tokenizer. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors/index.ts';

/** A tokenizer in the words of Hugging Face's files. */
export interface TokenizerFiles {
  /** tokenizer.json */
  readonly tokenizer: Readonly<Record<string, unknown>>;
  /** tokenizer_config.json */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Reads tokenizer.json and tokenizer_config.json of a folder. Throws {@link UserError}. */
export async function readTokenizerFiles(path: string): Promise<TokenizerFiles> {
  const tokenizer = await readJsonObject(join(path, 'tokenizer.json'));
  if (tokenizer === undefined) {
    throw new UserError('tokenizer-missing', {
      what: `${path} has no tokenizer.json.`,
      expected: 'tokenizer.json beside config.json',
      fix: 'save it there: AutoTokenizer.from_pretrained(…).save_pretrained(folder)',
    });
  }
  return { tokenizer, config: (await readJsonObject(join(path, 'tokenizer_config.json'))) ?? {} };
}

async function readJsonObject(path: string): Promise<Record<string, unknown> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw invalidTokenizer(path, error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidTokenizer(path, error);
  }
}

/** The error for a tokenizer that cannot be used. */
export function invalidTokenizer(path: string, cause: unknown): UserError {
  return new UserError(
    'tokenizer-invalid',
    {
      what: `The tokenizer of ${path} cannot be used.`,
      got: cause instanceof Error ? cause.message : String(cause),
      expected: 'a tokenizer.json as the tokenizers library writes it',
      fix: 'save the tokenizer again or use the one that the model was published with',
    },
    { cause },
  );
}
