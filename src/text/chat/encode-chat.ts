/** A conversation as tokens, with those that the model is to write. */
import { UserError } from '../../errors/index.ts';
import type { EncodedDocument } from '../encoded-document.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { Chat } from './chat.ts';
import { type RenderedChat, renderChat } from './turns.ts';

/**
 * The tokens of a conversation, as the template writes it: nothing is put in front or behind. A token is predicted when
 * one of its characters is.
 *
 * @throws UserError `chat-template-missing`, `chat-refused` with what the template says of the conversation.
 */
export function encodeChat(chat: Chat, tokenizer: Tokenizer, place: string): EncodedDocument {
  const template = tokenizer.chat?.choose(chat.tools !== undefined);
  if (template === undefined) throw missingTemplate(place);
  const ends = [...tokenizer.ends].map((id) => tokenizer.decode([id])).filter((end) => end !== '');
  let rendered: RenderedChat;
  try {
    rendered = renderChat(template, chat, ends);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError('chat-refused', (option) => ({
      what: `The chat template in ${template.origin} does not take the conversation of ${place}.`,
      got: (error instanceof Error ? error.message : String(error)).slice(0, 300),
      expected: 'roles, their order and fields as the template wants them',
      fix: `change or remove that conversation, or give another template with ${option('chatTemplate')}`,
    }));
  }
  const { text, runs, unlike } = rendered;
  const ids = flatten(tokenizer.encodeAll([text], false)[0]!);
  const cuts = runs.flat();
  const at = placesOf(cuts, text, ids, tokenizer);
  const targets: [number, number][] = [];
  for (let run = 0; run < runs.length; run++) {
    const [from, to] = [at[2 * run]!.from, at[2 * run + 1]!.to];
    const last = targets.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else if (to > from) targets.push([from, to]);
  }
  return {
    pieces: [ids],
    length: ids.length,
    given: targets[0]?.[0] ?? ids.length,
    targets,
    straddles: false,
    end: null,
    unlikeTurns: unlike,
    endlessTurns: targets.filter(([from, to]) => !endsTurn(ids.slice(from, to), tokenizer)).length,
  };
}

/** Whether a special token stands at its end, perhaps with white space behind it. */
function endsTurn(ids: readonly number[], { special, ends, decode }: Tokenizer): boolean {
  const last = ids.findLast((id) => special?.has(id) || ends.has(id) || decode([id]).trim() !== '');
  return last !== undefined && (special?.has(last) || ends.has(last));
}

/** Where a cut between characters lies among tokens: before token `from`, and behind token `to` − 1. */
interface Place {
  readonly from: number;
  readonly to: number;
}

/**
 * The places of cuts in `text` among its tokens. Where a token reaches across a cut, `from` is that token and `to` the one
 * behind it.
 */
function placesOf(
  cuts: readonly number[],
  text: string,
  ids: readonly number[],
  tokenizer: Tokenizer,
): Place[] {
  const edges = [0, ...cuts];
  const parts = edges.map((edge, i) => text.slice(edge, edges[i + 1] ?? text.length));
  const encoded = tokenizer.encodeAll(parts, false).map(flatten);
  const joined = encoded.flat();
  if (joined.length === ids.length && joined.every((id, i) => id === ids[i])) {
    // Mostly, a special token stands at every cut, and parts are made into tokens as the whole is.
    let at = 0;
    return cuts.map((_, i) => {
      at += encoded[i]!.length;
      return { from: at, to: at };
    });
  }
  return cuts.map((cut) =>
    placeOf(flatten(tokenizer.encodeAll([text.slice(0, cut)], false)[0]!), ids, tokenizer),
  );
}

/** The place where the text of the tokens `prefix` ends, which begins the text of the tokens `ids`. */
function placeOf(prefix: readonly number[], ids: readonly number[], { decode }: Tokenizer): Place {
  let common = 0;
  while (common < prefix.length && prefix[common] === ids[common]) common++;
  if (common === prefix.length) return { from: common, to: common };
  const { length } = decode(prefix);
  let to = common + 1;
  while (to < ids.length && decode(ids.slice(0, to)).length < length) to++;
  let from = common;
  while (from + 1 < to && decode(ids.slice(0, from + 1)).length <= length) from++;
  return { from, to };
}

const flatten = (pieces: readonly ArrayLike<number>[]): number[] =>
  pieces.flatMap((piece) => Array.from(piece));

const missingTemplate = (place: string) =>
  new UserError('chat-template-missing', (option) => ({
    what: `${place} is a conversation, and the model has no chat template.`,
    expected: 'a model made for chats: chat_template.jinja, or chat_template in its tokenizer_config.json',
    fix: `give a template with ${option('chatTemplate')} (a .jinja file of the model’s family), or write the texts as prompt and completion`,
  }));
