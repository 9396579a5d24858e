/** A conversation, in the form that chat templates take. */

/** A message with all its fields; `role` and `content` are those that every template reads. */
export type Message = Readonly<Record<string, unknown>> & { readonly role: string };

export interface Chat {
  readonly messages: readonly Message[];
  /** The first message that counts: assistant turns before it are given, not predicted. Default 0. */
  readonly from?: number;
  /** Functions that the model may call, as the template wants them. */
  readonly tools?: readonly unknown[];
  /** Variables of the template, such as `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** What stands for it where the model has no template. */
  readonly plain?: { readonly prompt: string; readonly text: string };
}

/** Names under which a message's reasoning is passed; templates read the first, those of gpt-oss the second. */
const REASONING = ['reasoning_content', 'thinking', 'reasoning'];

/** A message as transformers hands it to a template: fields that are null are not there, and reasoning has one name. */
export function normalizeMessage(message: Message): Message {
  const fields = Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null)) as Message;
  const reasoning = REASONING.map((name) => fields[name]).find((value) => value !== undefined);
  if (reasoning === undefined) return fields;
  return { thinking: reasoning, ...fields, reasoning_content: reasoning };
}

/** OpenAI's files say `weight: 0` of an assistant's message that is not to be learned. */
export const isPredicted = ({ role, weight }: Message): boolean => role === 'assistant' && weight !== 0;
