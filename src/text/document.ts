/** What a text file holds, before it is made into tokens. */
import type { Chat } from './chat/chat.ts';

/** A text; the model is to predict `text`, and not `prompt`, which stands in front of it. */
export interface TextDocument {
  readonly text: string;
  readonly prompt?: string;
  /** Of a text that is too long to be made into tokens at once: which piece it is. Nothing stands between pieces. */
  readonly part?: 'first' | 'middle' | 'last';
}

/** A text, or a conversation. */
export type Document = TextDocument | Chat;

export const isChat = (document: Document): document is Chat => 'messages' in document;

/** Whether nothing stands in it. */
export const isBlank = (document: Document): boolean =>
  isChat(document) ? document.messages.length === 0 : document.text.trim() === '';

/** Characters of it, about. */
export const sizeOf = (document: Document): number =>
  isChat(document)
    ? document.messages.reduce(
        (sum, { content }) => sum + (typeof content === 'string' ? content.length : 100),
        0,
      )
    : document.text.length + (document.prompt?.length ?? 0);
