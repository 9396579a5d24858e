/** The vocabulary inside a GGUF file, of whichever kind: its tokens, what they are, and which have a part to play. */
import type { GgufMetadata } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';

/** Values of `tokenizer.ggml.token_type`. */
export const NORMAL = 1;
const CONTROL = 3;
export const USER_DEFINED = 4;
export const BYTE = 6;

/** A list that a vocabulary of this kind must have. Throws UserError `tokenizer-invalid`. */
export function listOf<Item>(path: string, key: string, items: readonly Item[] | undefined): readonly Item[] {
  if (items !== undefined) return items;
  throw invalid(path, `${path} does not hold the list ${key}.`, 'nothing', 'a list');
}

/** What all kinds of vocabularies say. Throws UserError `tokenizer-invalid`. */
export function readVocabulary(path: string, metadata: GgufMetadata, addBeginByDefault: boolean) {
  const tokens = listOf(path, 'tokenizer.ggml.tokens', metadata.strings('tokenizer.ggml.tokens'));
  const types = listOf(path, 'tokenizer.ggml.token_type', metadata.integers('tokenizer.ggml.token_type'));
  checkVocabulary(path, tokens, types);
  const idAt = (key: string) => metadata.integer(`tokenizer.ggml.${key}_token_id`, tokens.length);
  const tokenAt = (key: string) => tokens[idAt(key) ?? -1];
  const begin = tokenAt('bos');
  const addBegin = metadata.boolean('tokenizer.ggml.add_bos_token') ?? addBeginByDefault;
  if (addBegin && begin === undefined) {
    const what = `${path} wants a token in front of every text and does not say which.`;
    throw invalid(path, what, 'no tokenizer.ggml.bos_token_id', 'the id of a token');
  }
  const added = tokens.flatMap((content, id) => {
    const special = types[id] === CONTROL;
    if (!special && types[id] !== USER_DEFINED) return [];
    return [{ id, content, special, normalized: false, single_word: false, lstrip: false, rstrip: false }];
  });
  return {
    tokens,
    types,
    tokenAt,
    added,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    postProcessor: addBegin ? putInFront(begin!, idAt('bos')!) : null,
    config: {
      bos_token: begin,
      eos_token: tokenAt('eos'),
      unk_token: tokenAt('unknown'),
      pad_token: tokenAt('padding'),
      add_bos_token: addBegin,
    },
    // The ends of a turn and of a message.
    generation: { eos_token_id: ['eos', 'eot', 'eom'].flatMap((kind) => idAt(kind) ?? []) },
  };
}

function checkVocabulary(path: string, tokens: readonly string[], types: readonly number[]): void {
  if (types.length !== tokens.length) {
    const what = `${path} does not say of every token what it is.`;
    throw invalid(
      path,
      what,
      `${types.length} types`,
      `tokenizer.ggml.token_type for ${tokens.length} tokens`,
    );
  }
  const strange = types.findIndex((type) => type < NORMAL || type > BYTE);
  if (strange >= 0) {
    const what = `${path} has a token of no known type.`;
    throw invalid(
      path,
      what,
      `type ${types[strange]} of token ${strange}`,
      `types from ${NORMAL} to ${BYTE}`,
    );
  }
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    const other = ids.get(token);
    if (other !== undefined) {
      const what = `${path} has a token twice.`;
      throw invalid(path, what, `${JSON.stringify(token)} as ${other} and ${id}`, 'tokens that differ');
    }
    ids.set(token, id);
  }
}

/** A `post_processor` of tokenizer.json that puts a special token in front of every text. */
function putInFront(token: string, id: number) {
  const special = { SpecialToken: { id: token, type_id: 0 } };
  const text = (name: string, type: number) => ({ Sequence: { id: name, type_id: type } });
  return {
    type: 'TemplateProcessing',
    single: [special, text('A', 0)],
    pair: [special, text('A', 0), text('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

export function invalid(path: string, what: string, got: string, expected: string): UserError {
  return new UserError('tokenizer-invalid', {
    what,
    got,
    expected,
    fix: `convert the model again with a current llama.cpp, or use the Hugging Face folder of ${path}`,
  });
}

export function unsupported(path: string, got: string, expected: string): UserError {
  return new UserError('tokenizer-unsupported', {
    what: `The vocabulary inside ${path} is of a kind that cannot be read.`,
    got,
    expected,
    fix: 'use the Hugging Face folder of the model, with its tokenizer.json',
  });
}
