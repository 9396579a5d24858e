/** Documents as tokens, with what of them is to be predicted. */
import type { Chat } from './chat/chat.ts';
import { encodeChat } from './chat/encode-chat.ts';
import { type Document, isChat, sizeOf, type TextDocument } from './document.ts';
import type { EncodedDocument } from './encoded-document.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Characters that are encoded in one go. */
const AT_ONCE = 65_536;

/** A document and where it stands, for messages. */
export interface PlacedDocument {
  readonly document: Document;
  readonly place: string;
}

/** Documents in groups that are encoded in one go. */
export class DocumentEncoder {
  private readonly tokenizer: Tokenizer;
  private group: PlacedDocument[] = [];
  private size = 0;

  constructor(tokenizer: Tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Takes a document; gives those that are encoded by now, in order. */
  *add(placed: PlacedDocument): Generator<EncodedDocument> {
    this.group.push(placed);
    this.size += sizeOf(placed.document);
    if (this.size >= AT_ONCE) yield* this.end();
  }

  /** Gives the rest. */
  *end(): Generator<EncodedDocument> {
    const { group, tokenizer } = this;
    this.group = [];
    this.size = 0;
    const texts = encodeTexts(
      group.flatMap(({ document }) => {
        const text = this.textOf(document);
        return text === undefined ? [] : [text];
      }),
      tokenizer,
    );
    for (const { document, place } of group) {
      if (this.textOf(document) === undefined) yield encodeChat(document as Chat, tokenizer, place);
      else yield { ...texts.next().value!, ...(isChat(document) && { withoutTemplate: true }) };
    }
  }

  /** The text of a document that is no conversation, or of one that can do without a template where there is none. */
  private textOf(document: Document): TextDocument | undefined {
    if (!isChat(document)) return document;
    return this.tokenizer.chat?.choose(false) === undefined ? document.plain : undefined;
  }
}

/**
 * Prompt and completion are encoded as one text, as they will stand when the model is used: apart, some tokenizers
 * would put a space between. The completion begins with the first token that the prompt alone does not have; TRL counts
 * the prompt's tokens instead, which is the same unless a token reaches across.
 */
function* encodeTexts(
  documents: readonly TextDocument[],
  tokenizer: Tokenizer,
): Generator<EncodedDocument, undefined> {
  const goesOn = ({ part }: TextDocument) => part === 'middle' || part === 'last';
  const whole = documents.filter((document) => !goesOn(document));
  const texts = whole.flatMap(({ prompt, text }) =>
    prompt === undefined ? [text] : [prompt + text, prompt],
  );
  const encoded = tokenizer.encodeAll(texts)[Symbol.iterator]();
  for (const document of documents) {
    const pieces = goesOn(document) ? tokenizer.encodeAll([document.text], false)[0]! : encoded.next().value!;
    const prompt = document.prompt === undefined ? undefined : encoded.next().value!;
    const described = describe(pieces, prompt, tokenizer);
    yield document.part === 'first' || document.part === 'middle' ? { ...described, end: null } : described;
  }
}

function describe(
  pieces: readonly ArrayLike<number>[],
  prompt: readonly ArrayLike<number>[] | undefined,
  { endOfSequence, endOfText }: Tokenizer,
): EncodedDocument {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  // A completion is the model's turn, which its own end token ends.
  const end = prompt === undefined ? endOfText : (endOfSequence ?? endOfText);
  const lastPiece = pieces.findLast((piece) => piece.length > 0);
  const last = lastPiece?.[lastPiece.length - 1];
  const promptIds = prompt?.flatMap((piece) => Array.from(piece)) ?? [];
  const given = commonLength(pieces, promptIds);
  return {
    pieces,
    length,
    given,
    targets: [[given, length]],
    straddles: given < promptIds.length,
    end: last === end ? null : end,
  };
}

function commonLength(pieces: readonly ArrayLike<number>[], prompt: readonly number[]): number {
  let at = 0;
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i++, at++) {
      if (at >= prompt.length || prompt[at] !== piece[i]) return at;
    }
  }
  return at;
}
