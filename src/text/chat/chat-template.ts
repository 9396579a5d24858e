/** A model's chat template: from a conversation to the text that the model sees. */
import type { Template } from '@huggingface/jinja';
import { UserError } from '../../errors/index.ts';
import { TimeExceeded, withinTime } from '../tokenizer/time-limit.ts';
import { type Chat, type Message, normalizeMessage } from './chat.ts';
import { compileTemplate, renderTemplate } from './jinja.ts';

/** What rendering may take, milliseconds. */
const PATIENCE = 5000;

/** `{% generation %}` and `{% endgeneration %}` with what is trimmed behind them. */
const GENERATION = /\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}(\n?)(\s*)(?=(\{[%#])?)/g;

/** Marks of the beginning and the end of what the model generates: private characters that no text should hold. */
const [BEGIN, END] = ['\uf8f1\uf8f2', '\uf8f3\uf8f4'];

/** A rendered conversation, with the runs of characters that a template's `{% generation %}` blocks enclose. */
export interface MarkedText {
  readonly text: string;
  readonly runs: readonly (readonly [from: number, to: number])[];
}

export class ChatTemplate {
  readonly origin: string;
  /** Whether it says itself what the model generates. */
  readonly marksGeneration: boolean;
  private readonly template: Template;
  private readonly source: string;
  private readonly tokens: Readonly<Record<string, string>>;
  private marked: Template | undefined;

  /**
   * @param tokens special tokens by the names that templates know them by, such as `bos_token`.
   * @throws UserError `chat-template-invalid`.
   */
  constructor(origin: string, source: string, tokens: Readonly<Record<string, string>>) {
    this.origin = origin;
    // As Jinja does.
    this.source = source.replace(/\r\n?/g, '\n');
    this.tokens = tokens;
    this.marksGeneration = source.search(GENERATION) >= 0;
    this.template = this.compile(this.source);
  }

  /**
   * The text of messages, by default all of the chat's. Throws what the template raises as an Error, and UserError
   * `chat-template-invalid` where it does not end.
   */
  render(chat: Chat, messages: readonly Message[] = chat.messages, generationPrompt = false): string {
    return this.run(this.template, chat, messages, generationPrompt);
  }

  /** The text of a whole chat with what its generation blocks enclose. */
  renderMarked(chat: Chat): MarkedText {
    this.marked ??= this.compile(markGeneration(this.source));
    const runs: [number, number][] = [];
    let text = '';
    let begin: number | undefined;
    for (const part of this.run(this.marked, chat, chat.messages, false).split(
      /(\uf8f1\uf8f2|\uf8f3\uf8f4)/,
    )) {
      if (part === BEGIN) begin = text.length;
      else if (part !== END) text += part;
      else if (begin !== undefined && text.length > begin) runs.push([begin, text.length]);
    }
    return { text, runs };
  }

  private compile(source: string): Template {
    try {
      return compileTemplate(source);
    } catch (error) {
      throw this.invalid(error instanceof Error ? error.message : String(error));
    }
  }

  private run(
    template: Template,
    chat: Chat,
    messages: readonly Message[],
    generationPrompt: boolean,
  ): string {
    const { tools = null, variables } = chat;
    const given = {
      documents: null,
      ...this.tokens,
      ...variables,
      tools,
      messages: messages.map(normalizeMessage),
      add_generation_prompt: generationPrompt,
    };
    try {
      return withinTime(PATIENCE, () => renderTemplate(template, given));
    } catch (error) {
      if (error instanceof TimeExceeded) throw this.invalid(`a chat takes ${error.message}`);
      throw error;
    }
  }

  private invalid(got: string): UserError {
    return new UserError('chat-template-invalid', (option) => ({
      what: `The chat template in ${this.origin} cannot be used.`,
      got: got.slice(0, 300),
      expected: 'a template in the part of Jinja that transformers gives chat templates',
      fix: `give another with ${option('chatTemplate')}`,
    }));
  }
}

/** Puts marks behind the tags, where what they trim is trimmed, and statements that do nothing in their places. */
const markGeneration = (source: string): string =>
  source.replace(GENERATION, (_, left: string, end, right: string, newline: string, space: string, next) => {
    const tag = `{%${left} set generation_mark = 0 ${right}%}`;
    const mark = `{{ "${end === undefined ? BEGIN : END}" }}`;
    if (right === '-') return `${tag}${newline}${space}${mark}`;
    // Blanks between the beginning of a line and a tag are trimmed, unless something stands before them.
    const trimmed = newline !== '' && next !== undefined && !space.includes('\n');
    return `${tag}${newline}${mark}${trimmed ? '' : space}`;
  });
