/** A conversation as text, with the runs of characters that the model is to write. */
import type { Chat } from './chat.ts';
import { isPredicted } from './chat.ts';
import type { ChatTemplate } from './chat-template.ts';

/** A rendered conversation. */
export interface RenderedChat {
  readonly text: string;
  /** Runs of characters that are predicted, ascending. */
  readonly runs: readonly (readonly [from: number, to: number])[];
  /** Assistant turns that stand otherwise in the whole conversation than when they were written: not predicted. */
  readonly unlike: number;
}

/**
 * Renders a conversation. What is predicted is what the template says it is, where it has generation blocks; otherwise
 * the template is asked for each assistant turn: the text before it, as the model is prompted with it, and the text with
 * it. Both must begin the text of the whole conversation, or the turn is not predicted: a template that takes the
 * reasoning out of earlier turns, say, does not show them as they were written.
 *
 * @param ends texts of tokens that end a turn or a text.
 * @throws Error what the template raises.
 */
export function renderChat(template: ChatTemplate, chat: Chat, ends: readonly string[]): RenderedChat {
  const counted = chat.messages.map((message, index) => index >= (chat.from ?? 0) && isPredicted(message));
  const isWhole = chat.messages.every(({ role }, index) => role !== 'assistant' || counted[index]);
  if (template.marksGeneration && isWhole) {
    return { ...template.renderMarked(chat), unlike: 0 };
  }
  const text = template.render(chat);
  const runs: [number, number][] = [];
  let unlike = 0;
  for (const [index, counts] of counted.entries()) {
    if (!counts) continue;
    const run = findTurn(template, chat, text, index, ends);
    if (run === undefined) unlike++;
    else runs.push(run);
  }
  return { text, runs, unlike };
}

/** Where the turn of message `index` stands in `text`, the whole conversation. */
function findTurn(
  template: ChatTemplate,
  chat: Chat,
  text: string,
  index: number,
  ends: readonly string[],
): [number, number] | undefined {
  const prompt = template.render(chat, chat.messages.slice(0, index), true);
  const isLast = index === chat.messages.length - 1;
  let turn = isLast ? text : template.render(chat, chat.messages.slice(0, index + 1));
  // Some templates put the end of a text behind the last message, whichever it is.
  const closed = isLast ? undefined : ends.find((end) => turn.endsWith(end) && !text.startsWith(turn));
  if (closed !== undefined) turn = turn.slice(0, -closed.length);
  const nests = turn.startsWith(prompt) && text.startsWith(turn) && turn.length > prompt.length;
  return nests ? [prompt.length, turn.length] : undefined;
}
