/** Conversations in the forms that data sets have: OpenAI's `messages`, ShareGPT's `conversations`, Alpaca's fields. */
import { invalidEntry, kindOf } from '../files/entry.ts';
import { alpacaPrompt } from './alpaca.ts';
import type { Chat, Message } from './chat.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface ReadChat {
  readonly document: Chat;
  readonly used: readonly string[];
}

/** ShareGPT's names of who speaks, and the names that templates know. */
const SPEAKERS: Readonly<Record<string, string>> = {
  system: 'system',
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bard: 'assistant',
  bing: 'assistant',
  model: 'assistant',
  assistant: 'assistant',
  tool: 'tool',
  observation: 'tool',
};

/** Fields with a list of messages. */
const LISTS = ['messages', 'conversations', 'conversation'];

/** The conversation of an entry; undefined where it has none. Throws UserError `text-invalid`. */
export function readChat(fields: Fields, path: string, place: string): ReadChat | undefined {
  const name = LISTS.find((list) => Object.hasOwn(fields, list) && fields[list] !== null);
  const extras = extrasOf(fields, path, place);
  const { used: usedExtras, ...rest } = extras;
  if (name !== undefined) {
    const entries = parsed(fields[name]);
    if (!Array.isArray(entries)) {
      throw invalidEntry(
        path,
        `\`${name}\` of ${place} is not a list`,
        kindOf(entries),
        'make it a list of messages',
      );
    }
    const messages = entries.map((entry, i) => toMessage(entry, path, `message ${i + 1} of ${place}`));
    const system =
      typeof fields.system === 'string' && fields.system !== '' && messages[0]?.role !== 'system';
    return {
      document: {
        messages: system ? [{ role: 'system', content: fields.system }, ...messages] : messages,
        ...rest,
      },
      used: [name, ...(system ? ['system'] : []), ...usedExtras],
    };
  }
  const { prompt, completion } = fields;
  if (Array.isArray(prompt) && Array.isArray(completion)) {
    const [given, answer] = [prompt, completion].map((list, part) =>
      list.map((entry, i) =>
        toMessage(entry, path, `message ${i + 1} of the ${part === 0 ? 'prompt' : 'completion'} of ${place}`),
      ),
    ) as [Message[], Message[]];
    return {
      document: { messages: [...given, ...answer], from: given.length, ...rest },
      used: ['prompt', 'completion', ...usedExtras],
    };
  }
  return readAlpaca(fields);
}

/** Alpaca: what to do, perhaps with something to do it to, and what comes of it. */
function readAlpaca(fields: Fields): ReadChat | undefined {
  const { instruction, input, output, system } = fields;
  if (typeof instruction !== 'string' || typeof output !== 'string') return undefined;
  const given = typeof input === 'string' && input !== '' ? input : undefined;
  const asked = given === undefined ? instruction : `${instruction}\n\n${given}`;
  const leading = typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }] : [];
  const earlier = Array.isArray(fields.history) ? fields.history.flatMap(toTurns) : [];
  const used = ['instruction', 'output', 'input', 'system', 'history'].filter((name) =>
    Object.hasOwn(fields, name),
  );
  return {
    document: {
      messages:
        output.trim() === ''
          ? []
          : [
              ...leading,
              ...earlier,
              { role: 'user', content: asked },
              { role: 'assistant', content: output },
            ],
      ...(leading.length + earlier.length === 0 && {
        plain: { prompt: alpacaPrompt(instruction, given), text: output },
      }),
    },
    used,
  };
}

const toTurns = (turn: unknown): Message[] =>
  Array.isArray(turn) && turn.length === 2
    ? [
        { role: 'user', content: turn[0] },
        { role: 'assistant', content: turn[1] },
      ]
    : [];

/** A message as templates want it, from OpenAI's form or from ShareGPT's. */
function toMessage(entry: unknown, path: string, place: string): Message {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw invalidEntry(
      path,
      `${place} is not an object`,
      kindOf(entry),
      'write it as {"role": …, "content": …}',
    );
  }
  const fields = entry as Fields;
  if (typeof fields.role === 'string') return fields as Message;
  const { from, value } = fields;
  const role = typeof from === 'string' && Object.hasOwn(SPEAKERS, from) ? SPEAKERS[from] : undefined;
  if (role !== undefined && typeof value === 'string') {
    return { role, content: value, ...('weight' in fields && { weight: fields.weight }) };
  }
  throw invalidEntry(
    path,
    role === undefined ? `${place} does not say who speaks` : `${place} has no string \`value\``,
    JSON.stringify(entry).slice(0, 100),
    `write it as {"role": "user", "content": …}, or as {"from": …, "value": …} with one of ${Object.keys(SPEAKERS).join(', ')}`,
  );
}

/** Functions and template variables beside the messages; data sets often hold them as JSON in a string. */
function extrasOf(fields: Fields, path: string, place: string) {
  const tools = fields.tools === null || fields.tools === '' ? undefined : parsed(fields.tools);
  const variables = fields.chat_template_kwargs === null ? undefined : parsed(fields.chat_template_kwargs);
  if (tools !== undefined && !Array.isArray(tools)) {
    throw invalidEntry(
      path,
      `\`tools\` of ${place} is not a list`,
      kindOf(tools),
      'make it a list of functions',
    );
  }
  if (variables !== undefined && kindOf(variables) !== 'object') {
    const fix = 'make it an object of the template’s variables';
    throw invalidEntry(path, `\`chat_template_kwargs\` of ${place} is not an object`, kindOf(variables), fix);
  }
  const hasTools = tools !== undefined && tools.length > 0;
  return {
    ...(hasTools && { tools }),
    ...(variables !== undefined && { variables: variables as Fields }),
    used: [...(hasTools ? ['tools'] : []), ...(variables === undefined ? [] : ['chat_template_kwargs'])],
  };
}

/** A value that may be written as JSON in a string. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
