/** Which fields of an entry are its text, its prompt and completion, or its conversation. */
import { readChat } from './chat/chat-fields.ts';
import type { Document } from './document.ts';
import { type Entry, invalidEntry, kindOf } from './files/entry.ts';

/** Fields that the user names; what is not named is found among well-known names. */
export interface FieldOptions {
  readonly textField?: string | undefined;
  readonly promptField?: string | undefined;
  readonly completionField?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Names of prompt and completion that go together, after `prompt` and `completion` themselves. */
const PAIRS: readonly (readonly [prompt: string, completion: string])[] = [
  ['prompt', 'response'],
  ['instruction', 'response'],
  ['question', 'answer'],
  ['question', 'response'],
  ['query', 'answer'],
  ['query', 'response'],
  ['problem', 'solution'],
  ['input', 'output'],
];

/** Names of a text, after `text` itself. */
const TEXTS = ['content', 'document', 'passage'];

/** Turns entries into documents, and counts by which fields. */
export class FieldReader {
  private readonly path: string;
  private readonly options: FieldOptions;
  /** Entries by what was read of them. */
  private readonly read = new Map<string, number>();
  private readonly unread = new Set<string>();

  constructor(path: string, options: FieldOptions) {
    this.path = path;
    this.options = options;
  }

  /** @throws UserError `text-invalid`. */
  toDocument({ place, value }: Entry): Document {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const fix =
        typeof value === 'string' ? 'write {"text": …} around it' : 'make it an object with a field `text`';
      throw invalidEntry(this.path, `${place} is not an object`, kindOf(value), fix);
    }
    const fields = value as Fields;
    const { document, used } = this.named(fields, place) ?? this.known(fields, place);
    const name = used.join(' and ');
    this.read.set(name, (this.read.get(name) ?? 0) + 1);
    for (const field of Object.keys(fields)) if (!used.includes(field)) this.unread.add(field);
    return document;
  }

  /** What was read, in whole sentences, where it does not go without saying. */
  notes(): string[] {
    const plain = ['text', 'prompt and completion', 'messages'];
    const odd = [...this.read].filter(([name]) => !plain.includes(name));
    const unread = [...this.unread].filter((name) => name !== 'id').slice(0, 8);
    return [
      ...(odd.length > 0
        ? [`Fields that were read: ${odd.map(([name, count]) => `${name} (${count})`).join(', ')}.`]
        : []),
      ...(unread.length > 0
        ? [`Fields that were not read: ${unread.join(', ')}${this.unread.size > 8 ? ', …' : ''}.`]
        : []),
    ];
  }

  /** By the fields that the user named. */
  private named(fields: Fields, place: string): Read | undefined {
    const { textField, promptField, completionField } = this.options;
    if (promptField !== undefined || completionField !== undefined) {
      const prompt = promptField ?? 'prompt';
      const completion = completionField ?? 'completion';
      return {
        document: {
          prompt: this.string(fields, prompt, place),
          text: this.string(fields, completion, place),
        },
        used: [prompt, completion],
      };
    }
    if (textField === undefined) return undefined;
    return { document: { text: this.string(fields, textField, place) }, used: [textField] };
  }

  private string(fields: Fields, name: string, place: string): string {
    const value = fields[name];
    if (typeof value === 'string') return value;
    const got = Object.hasOwn(fields, name) ? kindOf(value) : `the fields ${Object.keys(fields).join(', ')}`;
    throw invalidEntry(this.path, `${place} has no string \`${name}\``, got, 'name a field that holds text');
  }

  /** By well-known names. */
  private known(fields: Fields, place: string): Read {
    const chat = readChat(fields, this.path, place);
    if (chat !== undefined) return chat;
    const has = (name: string) => typeof fields[name] === 'string';
    const both = has('prompt') && has('completion');
    if (both && has('text')) {
      const fix = 'leave out `text`, or `prompt` and `completion`';
      throw invalidEntry(this.path, `${place} says its text twice`, 'text, prompt and completion', fix);
    }
    const text = ['text'].concat(both ? [] : TEXTS).find(has);
    const pair = both ? (['prompt', 'completion'] as const) : PAIRS.find((names) => names.every(has));
    if (text === 'text' && !both) return { document: { text: fields.text as string }, used: ['text'] };
    if (pair !== undefined) {
      const [prompt, completion] = pair;
      return {
        document: { prompt: fields[prompt] as string, text: fields[completion] as string },
        used: pair,
      };
    }
    if (text !== undefined) return { document: { text: fields[text] as string }, used: [text] };
    const got = Object.entries(fields).map(([name, field]) => `${name} (${kindOf(field)})`);
    throw invalidEntry(
      this.path,
      `${place} has no text`,
      `the fields ${got.join(', ') || '(none)'}`,
      adviseFields(fields),
    );
  }
}

interface Read {
  readonly document: Document;
  readonly used: readonly string[];
}

function adviseFields(entry: Fields): string {
  const wrong = ['text', 'prompt', 'completion'].filter((name) => Object.hasOwn(entry, name));
  const halves: Record<string, string> = { prompt: 'completion', completion: 'prompt' };
  for (const [half, other] of Object.entries(halves)) {
    if (wrong.includes(half) && !wrong.includes(other))
      return `add the field \`${other}\` beside \`${half}\``;
  }
  if (wrong.length > 0) return `make ${wrong.map((name) => `\`${name}\``).join(' and ')} a string`;
  if (Object.hasOwn(entry, 'chosen'))
    return 'preferences are not trained on here: write the chosen answer as `messages`';
  return 'rename the field that holds the text to `text`, or those of question and answer to `prompt` and `completion`; or name them by options';
}
