import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readDocuments } from '../documents.ts';
import { readSequences } from '../read-sequences.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { ChatTemplateSet, readChatTemplates } from './template-set.ts';

const folder = mkdtempSync(join(tmpdir(), 'chats-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(...entries: readonly object[]): string {
  const path = join(folder, 'chats.jsonl');
  writeFileSync(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  return path;
}
const read = async (entry: object) => (await readDocuments(write(entry))).documents[0];

const user = (content: string) => ({ role: 'user', content });
const model = (content: string) => ({ role: 'assistant', content });

describe('conversations', () => {
  it('are read from messages, with tools and variables, from JSON in strings as well', async () => {
    const messages = [user('a'), { ...model('b'), weight: 0 }];
    expect(await read({ messages, prompt: 'a' })).toEqual({ messages });
    const tools = [{ type: 'function' }];
    const variables = { enable_thinking: false };
    expect(await read({ messages, tools, chat_template_kwargs: variables })).toEqual({
      messages,
      tools,
      variables,
    });
    expect(
      await read({
        messages: JSON.stringify(messages),
        tools: JSON.stringify(tools),
        chat_template_kwargs: null,
      }),
    ).toEqual({ messages, tools });
    expect(await read({ messages, tools: [] })).toEqual({ messages });
  });

  it('are read from ShareGPT’s conversations', async () => {
    const conversations = [
      { from: 'human', value: 'a' },
      { from: 'gpt', value: 'b' },
    ];
    expect(await read({ conversations })).toEqual({ messages: [user('a'), model('b')] });
    expect(await read({ conversations, system: 's' })).toEqual({
      messages: [{ role: 'system', content: 's' }, user('a'), model('b')],
    });
    expect(await read({ conversations: [user('a'), model('b')] })).toEqual({
      messages: [user('a'), model('b')],
    });
  });

  it('are read from prompts and completions that are lists of messages', async () => {
    expect(await read({ prompt: [user('a'), model('b'), user('c')], completion: [model('d')] })).toEqual({
      messages: [user('a'), model('b'), user('c'), model('d')],
      from: 3,
    });
  });

  it('are read from Alpaca’s fields, with the prompt that those were made for where there is no template', async () => {
    const prompt =
      'Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.\n\n### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:';
    expect(await read({ instruction: 'Add.', input: '1 2', output: '3' })).toEqual({
      messages: [user('Add.\n\n1 2'), model('3')],
      plain: { prompt, text: '3' },
    });
    expect(
      await read({ instruction: 'Hi.', input: '', output: 'Ho.', history: [['a', 'b']], system: 's' }),
    ).toEqual({
      messages: [{ role: 'system', content: 's' }, user('a'), model('b'), user('Hi.'), model('Ho.')],
    });
  });

  it.each([
    [{ messages: 'a' }, /`messages` of line 1 is not a list.*string/s],
    [{ messages: ['a'] }, /message 1 of line 1 is not an object/],
    [{ messages: [{ content: 'a' }] }, /message 1 of line 1 does not say who speaks/],
    [{ conversations: [{ from: 'narrator', value: 'a' }] }, /does not say who speaks.*narrator.*human/s],
    [{ conversations: [{ from: 'human', value: 1 }] }, /has no string `value`/],
    [{ messages: [user('a')], tools: 'none' }, /`tools` of line 1 is not a list/],
    [
      { messages: [user('a')], chat_template_kwargs: [] },
      /`chat_template_kwargs` of line 1 is not an object/,
    ],
    [{ chosen: [], rejected: [] }, /preferences are not trained on here/],
  ])('are refused where they are none: %j', async (entry, message) => {
    await expect(read(entry)).rejects.toMatchObject({
      code: 'text-invalid',
      message: expect.stringMatching(message),
    });
  });
});

/** One token per letter, by its code; 0 ends a text. */
const letters = (chat: ChatTemplateSet): Tokenizer => {
  const encode = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
  return {
    vocabularySize: 128,
    encode,
    encodeAll: (texts) => texts.map((text) => [encode(text)]),
    decode: (ids) => String.fromCharCode(...ids),
    hasToken: () => true,
    endOfText: 0,
    endOfSequence: 0,
    ends: new Set([0]),
    beginOfText: null,
    chat,
  };
};
const TEMPLATE =
  '{% for m in messages %}{{ m.role[0] }}:{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}a:{% endif %}';
const options = { seqLen: 24, pack: false };

describe('a model’s templates', () => {
  const config = {
    chat_template: [
      { name: 'default', template: 'd' },
      { name: 'tool_use', template: 't' },
    ],
  };

  it('are those of files, or of tokenizer_config.json, alone or by names', () => {
    const place = join(folder, 'model');
    mkdirSync(join(place, 'additional_chat_templates'), { recursive: true });
    const chosen = (tools: boolean, given: object = {}, name?: string) => {
      const set = new ChatTemplateSet(readChatTemplates(place, { ...given }), {});
      return (name === undefined ? set : set.with(name)).choose(tools)?.render({ messages: [] });
    };
    expect(chosen(false)).toBeUndefined();
    expect(chosen(true, { chat_template: 'one' })).toBe('one');
    expect([chosen(false, config), chosen(true, config), chosen(false, config, 'tool_use')]).toEqual([
      'd',
      't',
      't',
    ]);
    expect(() => chosen(false, { chat_template: [{ name: 'rag', template: 'r' }] })).toThrow(
      /none that is the default.*rag/s,
    );
    expect(() => chosen(false, { chat_template: 3 })).toThrow(/chat_template that cannot be read/);
    writeFileSync(join(place, 'chat_template.jinja'), 'file\r\n');
    writeFileSync(join(place, 'additional_chat_templates/rag.jinja'), 'rag');
    expect([chosen(true, config), chosen(false, config, 'rag')]).toEqual(['file', 'rag']);
    expect(() => chosen(false, config, 'none.jinja')).toThrow(/no chat template none\.jinja.*default, rag/s);
    expect(() =>
      new ChatTemplateSet({ origin: 'x.jinja', templates: { default: '{% if %}' } }, {}).choose(false),
    ).toThrow(/template in x\.jinja cannot be used/);
  });

  it('are wanted for conversations, may come from a file, and are told in the receipt', async () => {
    const path = write({ messages: [user('q'), model('yes')] }, { messages: [user('q')] });
    const none = letters(new ChatTemplateSet(undefined, {}));
    await expect(readSequences(path, none, options)).rejects.toMatchObject({
      code: 'chat-template-missing',
      message: expect.stringMatching(
        /line 1 is a conversation, and the model has no chat template.*chatTemplate/s,
      ),
    });
    const template = join(folder, 'mine.jinja');
    writeFileSync(template, TEMPLATE);
    const { sequences, receipt } = await readSequences(path, none, { ...options, chatTemplate: template });
    const { tokens, lossMask } = sequences.batch();
    const predicted = [...tokens].filter((_, i) => lossMask[i] === 1);
    expect(String.fromCharCode(...predicted)).toBe('yes\n');
    expect(receipt.notes).toEqual([
      'Assistant turns that the chat template closes with no end token, so that their end is not learned: 1.',
      'Chats left out because nothing in them is to be predicted: 1.',
    ]);
  });

  it('are not needed for Alpaca, whose own prompt is told', async () => {
    const path = write({ instruction: 'Add.', output: '3' });
    const { sequences, receipt } = await readSequences(path, letters(new ChatTemplateSet(undefined, {})), {
      seqLen: 256,
      pack: false,
    });
    expect(sequences.targets).toBe(2);
    expect(receipt.notes).toContain(
      'The model has no chat template: instructions were written in the prompt of Alpaca (1).',
    );
  });
});
