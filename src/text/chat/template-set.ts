/** The chat templates of a model, and which of them writes a conversation. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors/index.ts';
import { readTextFile } from '../../files/index.ts';
import { ChatTemplate } from './chat-template.ts';

/** Templates by name, as a model's files hold them. */
export interface ChatTemplateFiles {
  /** Where they stand, for messages. */
  readonly origin: string;
  readonly templates: Readonly<Record<string, string>>;
}

/** Longest template, bytes; the longest known has 20,000. */
const LIMIT = 2 ** 20;
const FILE = 'chat_template.jinja';
/** Folders of further templates, each named by its file. */
const FOLDERS = ['additional_chat_templates', 'chat_templates'];

/**
 * The templates of a model's folder: `chat_template.jinja` and further files if there are any, else those of
 * tokenizer_config.json. Throws {@link UserError} `chat-template-invalid`.
 */
export function readChatTemplates(
  folder: string,
  config: Readonly<Record<string, unknown>>,
): ChatTemplateFiles | undefined {
  const files = FOLDERS.flatMap((name) => listTemplates(join(folder, name)));
  if (existsSync(join(folder, FILE))) files.unshift(['default', join(folder, FILE)]);
  if (files.length > 0) {
    const templates = Object.fromEntries(files.map(([name, path]) => [name, readTemplate(path)]));
    return { origin: files[0]![1], templates };
  }
  return namedTemplates(config.chat_template, join(folder, 'tokenizer_config.json'));
}

/** A template, or a list of named ones, as tokenizer_config.json has them. */
function namedTemplates(value: unknown, origin: string): ChatTemplateFiles | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return { origin, templates: { default: value } };
  const entries = Array.isArray(value) ? value : [value];
  const templates = entries.map((entry) => {
    const { name, template } = (entry ?? {}) as Record<string, unknown>;
    if (typeof name === 'string' && typeof template === 'string') return [name, template] as const;
    throw new UserError('chat-template-invalid', (option) => ({
      what: `${origin} has a chat_template that cannot be read.`,
      got: JSON.stringify(entry)?.slice(0, 100) ?? String(entry),
      expected: 'a string, or a list of objects with `name` and `template`',
      fix: `mend it, or give a template with ${option('chatTemplate')}`,
    }));
  });
  return { origin, templates: Object.fromEntries(templates) };
}

const listTemplates = (folder: string): [name: string, path: string][] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.jinja'))
        .toSorted()
        .map((file) => [file.slice(0, -'.jinja'.length), join(folder, file)])
    : [];

const readTemplate = (path: string): string => readTextFile(path, LIMIT);

/** Templates, compiled when they are first asked for. */
export class ChatTemplateSet {
  private readonly files: ChatTemplateFiles | undefined;
  private readonly tokens: Readonly<Record<string, string>>;
  /** The template that was asked for instead of the model's choice. */
  private readonly chosen: string | undefined;
  private readonly compiled = new Map<string, ChatTemplate>();

  /** @param tokens special tokens by the names that templates know them by. */
  constructor(
    files: ChatTemplateFiles | undefined,
    tokens: Readonly<Record<string, string>>,
    chosen?: string,
  ) {
    this.files = files;
    this.tokens = tokens;
    this.chosen = chosen;
  }

  /** The same with a template of the user's: a file, or the name of one of the model's. */
  with(given: string): ChatTemplateSet {
    if (this.files !== undefined && Object.hasOwn(this.files.templates, given)) {
      return new ChatTemplateSet(this.files, this.tokens, given);
    }
    if (!existsSync(given)) {
      throw new UserError('chat-template-missing', (option) => ({
        what: `There is no chat template ${given}.`,
        got: `neither a file nor one of the model's: ${this.names().join(', ') || 'it has none'}`,
        expected: `${option('chatTemplate')} with a .jinja file or such a name`,
        fix: 'check the path',
      }));
    }
    return new ChatTemplateSet({ origin: given, templates: { default: readTemplate(given) } }, this.tokens);
  }

  /**
   * The template for a conversation, with functions that the model may call or without, as transformers chooses it;
   * undefined where the model has none. Throws {@link UserError} `chat-template-invalid`, `chat-template-missing`.
   */
  choose(withTools: boolean): ChatTemplate | undefined {
    if (this.files === undefined) return undefined;
    const { origin, templates } = this.files;
    const name = this.chosen ?? (withTools && Object.hasOwn(templates, 'tool_use') ? 'tool_use' : 'default');
    const source = Object.hasOwn(templates, name) ? templates[name] : undefined;
    if (source === undefined) {
      throw new UserError('chat-template-missing', (option) => ({
        what: `The model has several chat templates, and none that is the default.`,
        got: `${this.names().join(', ')} in ${origin}`,
        expected: 'the name of one of them',
        fix: `for example ${option('chatTemplate')} ${this.names()[0]}`,
      }));
    }
    const known = this.compiled.get(name) ?? new ChatTemplate(origin, source, this.tokens);
    this.compiled.set(name, known);
    return known;
  }

  private names(): string[] {
    return Object.keys(this.files?.templates ?? {});
  }
}
