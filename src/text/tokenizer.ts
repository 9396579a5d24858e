/** Text to token ids and back, from tokenizer.json or from the vocabulary inside a GGUF file. */
import { z } from 'zod';
import type { Checkpoint } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { ChatTemplateSet } from './chat/template-set.ts';
import { makeDecoder } from './tokenizer/decoder.ts';
import { Encoder } from './tokenizer/encoder.ts';
import { IdList } from './tokenizer/id-list.ts';
import { findBeginning } from './tokenizer/post-processor.ts';
import { contentOf } from './tokenizer/special-tokens.ts';
import { TimeExceeded, withinTime } from './tokenizer/time-limit.ts';
import { UnbrokenText } from './tokenizer/unbroken-text.ts';
import { UnsupportedPart } from './tokenizer/unsupported.ts';
import { invalidTokenizer, readTokenizerFiles, type TokenizerFiles } from './tokenizer-files.ts';
import { tokenizerFromGguf } from './tokenizer-gguf.ts';

export interface Tokenizer {
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /**
   * Token ids of a text. Special tokens that are written out in the text become their ids; none is added,
   * except `beginOfText` in front when the model was trained to see it.
   * Throws {@link UserError} `text-unbroken`, `tokenizer-too-slow`.
   */
  encode(text: string): number[];
  /**
   * As `encode` of each text; ids come in lists of bounded length, so that long texts take little memory.
   * @param begin whether `beginOfText` is put in front; default true.
   */
  encodeAll(texts: readonly string[], begin?: boolean): (readonly ArrayLike<number>[])[];
  /** The text of token ids; special tokens are written out, ids that are no tokens left out. */
  decode(ids: readonly number[]): string;
  /** Whether an id stands for a token: vocabularies have gaps, and models more rows than tokens. */
  hasToken(id: number): boolean;
  /** The token that separates documents. */
  readonly endOfText: number | null;
  /** The model's own end: of a completion, of a turn of a chat. */
  readonly endOfSequence: number | null;
  /** Tokens after which a text that is made is at its end: the two above and those of generation_config.json. */
  readonly ends: ReadonlySet<number>;
  /** Tokens that are marks and no text. */
  readonly special?: ReadonlySet<number>;
  /** The token in front of every text, when the model wants one. */
  readonly beginOfText: number | null;
  /** What its files say that is not done, in whole sentences. */
  readonly notes?: readonly string[];
  /** How it writes conversations. */
  readonly chat?: ChatTemplateSet;
}

/** Marks of a document's end. A chat model's own end token ends a turn, so these are tried before it. */
const DOCUMENT_ENDS = ['<|endoftext|>', '<|end_of_text|>'];

/** What opening, any text, and a thousand characters of it may take, milliseconds: many times what they should. */
const PATIENCE = { opening: 60_000, ever: 1000, perThousand: 50 };

const patienceFor = (characters: number): number =>
  PATIENCE.ever + Math.ceil(characters / 1000) * PATIENCE.perThousand;

/**
 * The tokenizer of a checkpoint.
 * Throws {@link UserError} `tokenizer-missing`, `tokenizer-invalid`, `tokenizer-unsupported`, or
 * `tokenizer-mismatch` when it makes ids that the model has no embedding for.
 */
export async function openTokenizer(
  checkpoint: Pick<Checkpoint, 'path' | 'config' | 'gguf'>,
): Promise<Tokenizer> {
  const files =
    checkpoint.gguf === undefined
      ? readTokenizerFiles(checkpoint.path, checkpoint.config)
      : tokenizerFromGguf(checkpoint.path, checkpoint.gguf);
  const tokenizer = createTokenizer(checkpoint.path, files);
  const { vocab_size: limit } = checkpoint.config;
  if (typeof limit === 'number' && tokenizer.vocabularySize > limit) {
    throw new UserError('tokenizer-mismatch', {
      what: `The tokenizer of ${checkpoint.path} does not fit its model.`,
      got: `token ids up to ${tokenizer.vocabularySize - 1}`,
      expected: `ids below the model's vocab_size, ${limit}`,
      fix: 'use the tokenizer that the model was trained with',
    });
  }
  return tokenizer;
}

/** A tokenizer from the contents of its files; `path` names it in errors. */
export function createTokenizer(path: string, files: TokenizerFiles): Tokenizer {
  const { tokenizer, config, generation = {} } = files;
  const telling = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      throw explain(path, error);
    }
  };
  return telling(() => {
    const encoder = withinTime(PATIENCE.opening, () => new Encoder(files));
    const beginOfText = findBeginning(tokenizer.post_processor);
    const decode = makeDecoder(tokenizer.decoder);
    const { tokens } = encoder;
    const idOf = (token: unknown) => encoder.ids.get(contentOf(token) ?? '') ?? null;
    const endOfSequence = idOf(config.eos_token);
    const endOfText = DOCUMENT_ENDS.map(idOf).find((id) => id !== null) ?? endOfSequence;
    const encodeAll = (texts: readonly string[], begin = true) =>
      telling(() => {
        const characters = texts.reduce((sum, text) => sum + text.length, 0);
        return withinTime(patienceFor(characters), () =>
          texts.map((text) => {
            const ids = new IdList();
            if (begin && beginOfText !== null) ids.push(beginOfText);
            encoder.encode(text, ids);
            return ids.lists();
          }),
        );
      });
    return {
      vocabularySize: 1 + [...tokens.keys()].reduce((largest, id) => Math.max(largest, id), -1),
      endOfText,
      endOfSequence,
      ends: new Set([endOfText, endOfSequence, generation.eos_token_id].flat().filter(isId)),
      special: encoder.special,
      beginOfText,
      notes: findContradictions(config, beginOfText, endOfSequence),
      chat: new ChatTemplateSet(files.chat, specialTokens(config)),
      hasToken: (id) => tokens.has(id),
      encode: (text) => encodeAll([text])[0]!.flatMap((ids) => [...ids]),
      encodeAll,
      decode: (ids) =>
        telling(() =>
          withinTime(patienceFor(ids.length), () => decode(ids.flatMap((id) => tokens.get(id) ?? []))),
        ),
    };
  });
}

/** The special tokens that templates write, by their names. */
function specialTokens(config: TokenizerFiles['config']): Record<string, string> {
  const named = Object.entries(config).flatMap(([name, token]) => {
    const content = name.endsWith('_token') ? contentOf(token) : undefined;
    return content === undefined ? [] : [[name, content] as const];
  });
  return Object.fromEntries(named);
}

function findContradictions(
  config: TokenizerFiles['config'],
  beginOfText: number | null,
  endOfSequence: number | null,
): string[] {
  const wanted = config.add_bos_token;
  const notes: string[] = [];
  if (typeof wanted === 'boolean' && wanted !== (beginOfText !== null)) {
    const done =
      beginOfText === null ? 'puts no token in front of a text' : 'puts a token in front of a text';
    notes.push(
      `The tokenizer's configuration says add_bos_token: ${wanted}, but its post-processor ${done}, and decides.`,
    );
  }
  const end = contentOf(config.eos_token);
  if (end !== undefined && endOfSequence === null) {
    notes.push(`The tokenizer has no token ${JSON.stringify(end)}, which its configuration calls the end.`);
  }
  return notes;
}

const isId = (id: unknown): id is number => Number.isInteger(id);

function explain(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  if (error instanceof UnsupportedPart) {
    return new UserError('tokenizer-unsupported', {
      what: `The tokenizer of ${path} has a part that is not followed here exactly.`,
      got: error.message,
      expected: error.expected,
      fix: 'use a model with a tokenizer of another kind',
    });
  }
  // Regular expressions and strings have lengths of their own that a text can exceed.
  if (error instanceof UnbrokenText || error instanceof RangeError) {
    return new UserError('text-unbroken', {
      what: `The tokenizer of ${path} cannot take the text in pieces.`,
      got: error.message,
      expected: 'spaces or line ends now and then',
      fix: 'check that this is text, or break it into lines',
    });
  }
  if (error instanceof TimeExceeded) {
    return new UserError('tokenizer-too-slow', {
      what: `The tokenizer of ${path} does not come to an end with a text.`,
      got: error.message,
      expected: 'regular expressions that do not try every way to match',
      fix: 'use the tokenizer that the model was published with',
    });
  }
  if (error instanceof z.ZodError) {
    const { path: place, message } = error.issues[0]!;
    return invalidTokenizer(path, new Error(`${place.join('.')}: ${message}`));
  }
  return invalidTokenizer(path, error);
}
