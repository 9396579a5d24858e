/** Conversations as transformers' `apply_chat_template` writes and marks them (`scripts/reference/make-chats.py`). */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../errors/index.ts';
import { createTokenizer, type Tokenizer } from '../tokenizer.ts';
import type { Chat } from './chat.ts';
import { encodeChat } from './encode-chat.ts';

const folder = new URL('../../../test/reference/chats/', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, folder), 'utf8');
const tokenizers = JSON.parse(read('tokenizers.json'));
const { chats, templates } = JSON.parse(read('chats.json')) as {
  readonly chats: Readonly<Record<string, Chat>>;
  readonly templates: Readonly<Record<string, Reference>>;
};

interface Reference {
  readonly tokenizer: string;
  readonly config: Readonly<Record<string, string | null>>;
  readonly chats: Readonly<Record<string, Expected>>;
}
interface Expected {
  readonly error?: string;
  readonly text: string;
  readonly ids: readonly number[];
  /** With the beginning of the model's next turn: the text with this behind it, or the whole. */
  readonly follows?: string;
  readonly prompt?: string;
  readonly mask?: readonly (readonly [number, number])[];
}

beforeAll(() => {
  vi.useFakeTimers({ now: new Date(2024, 6, 26, 12), toFake: ['Date'] });
});
afterAll(() => {
  vi.useRealTimers();
});

function open(name: string): Tokenizer {
  const { tokenizer, config } = templates[name]!;
  return createTokenizer(name, {
    tokenizer: tokenizers[tokenizer],
    config,
    chat: { origin: `${name}.jinja`, templates: { default: read(`templates/${name}.jinja`) } },
  });
}

const cases = Object.entries(templates).flatMap(([name, { chats: results }]) =>
  Object.entries(results).map(([title, expected]) => ({ name, title, expected })),
);
const family = (name: string) => name.replace(/_training$/, '');

/**
 * Python writes lists as text, in its own form, and what is not there as nothing; here the conversation is refused.
 * None of these templates was made for it.
 */
const refusedHere = ({ name, title }: { readonly name: string; readonly title: string }) =>
  (title === 'parts' && ['trims', 'llama3', 'llama3_2', 'gemma'].includes(family(name))) ||
  (title === 'tools and nothing' && family(name) === 'llama3');

/** `tojson` of what is not there: Python refuses it, and the library writes null. */
const acceptedHere = ({ name, title }: { readonly name: string; readonly title: string }) =>
  title === 'tools and nothing' && family(name) === 'lfm2';

const accepted = cases.filter((one) => one.expected.error === undefined && !refusedHere(one));
const refused = cases.filter(
  (one) => (one.expected.error !== undefined && !acceptedHere(one)) || refusedHere(one),
);
const encode = (name: string, title: string) => encodeChat(chats[title]!, open(name), title);

describe('a chat template', () => {
  it('is one of enough kinds', () => {
    expect(Object.keys(templates).filter((name) => !name.endsWith('_training')).length).toBeGreaterThan(12);
    expect(accepted.length).toBeGreaterThan(400);
  });

  it.each(accepted)('$name writes “$title” as transformers does', ({ name, title, expected }) => {
    const tokenizer = open(name);
    const chat = chats[title]!;
    const template = tokenizer.chat!.choose(chat.tools !== undefined)!;
    expect(template.render(chat)).toBe(expected.text);
    expect(template.render(chat, chat.messages, true)).toBe(
      expected.prompt ?? expected.text + expected.follows,
    );
    expect(encode(name, title).pieces.flatMap((piece) => Array.from(piece))).toEqual(expected.ids);
  });

  it.each(refused)('$name refuses “$title”', ({ name, title }) => {
    expect(() => encode(name, title)).toThrow(UserError);
  });

  it('is told by its file and the place of the conversation', () => {
    expect(() => encode('gemma', 'two users')).toThrow(
      /chat template in gemma\.jinja does not take.*two users.*roles must alternate.*chatTemplate/s,
    );
  });
});

describe('what a model says', () => {
  /** White space behind `<|assistant|>` is a part of that token of Phi-3, which transformers then marks as well. */
  const beginsInPrompt = (name: string, title: string) => family(name) === 'phi3' && title === 'white space';

  it.each(
    accepted.filter(
      ({ name, title, expected }) => expected.mask !== undefined && !beginsInPrompt(name, title),
    ),
  )(
    'is marked by the generation blocks of $name in “$title” as by transformers',
    ({ name, title, expected }) => {
      expect(encode(name, title).targets).toEqual(expected.mask);
    },
  );

  /** Templates whose blocks say the same as their prompts; the blocks of others begin earlier, by a line end. */
  const alike = ['inst', 'llama3', 'gemma', 'gemma3', 'phi3', 'cohere', 'lfm2', 'qwen3_instruct_2507'];
  const sameText = accepted.filter(({ name, title, expected }) => {
    const marked = templates[`${name}_training`]?.chats[title];
    // Without a message, Llama 3's prompt lacks the token that begins a text: see the test below.
    const unlike = beginsInPrompt(name, title) || (name === 'llama3' && title === 'begins with the model');
    return alike.includes(name) && marked?.text === expected.text && !unlike;
  });

  it('is found without blocks in enough cases', () => expect(sameText.length).toBeGreaterThan(100));

  it.each(sameText)('is found in “$title” by the prompts of $name as by its blocks', ({ name, title }) => {
    expect(encode(name, title).targets).toEqual(templates[`${name}_training`]!.chats[title]!.mask);
  });

  it('is not predicted where the template shows a turn otherwise later, and that is counted', () => {
    const encoded = encode('qwen3', 'reasoning apart');
    const text = open('qwen3').decode([...Array.from(encoded.pieces[0]!)].slice(...encoded.targets[0]!));
    expect(text).toBe('<think>\nThree and three.\n</think>\n\n6<|im_end|>\n');
    expect(encoded).toMatchObject({ unlikeTurns: 1, endlessTurns: 0, targets: { length: 1 } });
    // Its prompt begins the reasoning, which is not there in what was said.
    expect(encode('deepseekv3', 'one turn')).toMatchObject({ unlikeTurns: 1, targets: [] });
    expect(encode('llama3', 'begins with the model')).toMatchObject({
      unlikeTurns: 1,
      targets: { length: 1 },
    });
  });

  it('may have no end of its own, which is counted', () => {
    expect(encode('glm4moe', 'one turn')).toMatchObject({ endlessTurns: 1 });
    expect(encode('gemma', 'one turn')).toMatchObject({ endlessTurns: 0 });
  });

  it('leaves out turns of weight 0 and those of the prompt', () => {
    const { messages } = chats['two turns']!;
    const targets = (chat: Chat) => encodeChat(chat, open('llama3'), 'here').targets;
    const [first, second] = targets({ messages });
    expect(
      targets({ messages: [messages[0]!, { ...messages[1]!, weight: 0 }, ...messages.slice(2)] }),
    ).toEqual([second]);
    expect(targets({ messages, from: 2 })).toEqual([second]);
    expect(targets({ messages: messages.slice(0, 2) })).toEqual([first]);
    const marked = encodeChat({ messages, from: 2 }, open('llama3_training'), 'here');
    expect(marked.targets).toEqual([second]);
  });
});
