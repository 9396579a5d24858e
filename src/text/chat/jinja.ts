/** The Jinja library, made to do as Python does or to refuse, where it would silently do otherwise. */
import { Environment, Template } from '@huggingface/jinja';

/** A value while a template runs: what is used of it here. */
interface RuntimeValue {
  readonly type: string;
  readonly value: unknown;
  readonly builtins: Map<string, RuntimeValue>;
  toString(): string;
}
type Arguments = readonly RuntimeValue[];

const values = new Environment();
const runtimeValue = (value: unknown) =>
  values.set(`value ${values.variables.size}`, value) as unknown as RuntimeValue;
const prototypeOf = (value: unknown): RuntimeValue => Object.getPrototypeOf(runtimeValue(value));
const Callable = runtimeValue(() => {}).constructor as new (
  call: (args: Arguments) => RuntimeValue,
) => RuntimeValue;

// Python writes a list as ['a'], the library as ["a"]: templates that do so were not made for what they are given.
for (const value of [[], {}]) {
  prototypeOf(value).toString = () => {
    throw new Error('a list or an object stands where the template wants a text');
  };
}

prototypeOf(true).toString = function (this: RuntimeValue) {
  return this.value === true ? 'True' : 'False';
};

/** White space as `str.strip` of Python has it. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

/** `strip` and its like take the characters that they are to strip; the library's always strip white space. */
function strip(
  text: string,
  characters: RuntimeValue | undefined,
  sides: { start: boolean; end: boolean },
): string {
  const given = characters?.type === 'StringValue' ? String(characters.value) : undefined;
  const one = given === undefined ? SPACE : `[${given.replace(/[\\\]^-]/g, '\\$&')}]`;
  if (given === '') return text;
  const pattern = [...(sides.start ? [`^${one}+`] : []), ...(sides.end ? [`${one}+$`] : [])].join('|');
  return text.replace(new RegExp(pattern, 'gu'), '');
}

const strings = prototypeOf('');
const own = Object.getOwnPropertyDescriptor(strings, 'builtins')!.get!;
const mended = new WeakSet<object>();
Object.defineProperty(strings, 'builtins', {
  get(this: RuntimeValue) {
    const methods = own.call(this) as Map<string, RuntimeValue>;
    if (mended.has(this)) return methods;
    mended.add(this);
    const sides = { strip: [true, true], lstrip: [true, false], rstrip: [false, true] } as const;
    for (const [name, [start, end]] of Object.entries(sides)) {
      methods.set(
        name,
        new Callable(([characters]) => valueFor(strip(String(this.value), characters, { start, end }))),
      );
    }
    return methods;
  },
});

const valueFor = (text: string) => new Environment().set('value', text) as unknown as RuntimeValue;

/** A template. Throws the library's errors, and one where it would lose text. */
export function compileTemplate(source: string): Template {
  const template = new Template(source);
  refuseLostText(template.parsed.body as unknown as readonly Statement[], undefined);
  return template;
}

/** What a template writes. Throws what it raises, and where it is given what it was not made for. */
export function renderTemplate(template: Template, given: Readonly<Record<string, unknown>>): string {
  const text = template.render(given);
  if (text.includes('[object Map]') && !JSON.stringify(given).includes('[object Map]')) {
    throw new Error('an object stands where the template wants a text');
  }
  return text;
}

interface Statement {
  readonly type: string;
  readonly body?: readonly Statement[];
  readonly alternate?: readonly Statement[];
}

/** Statements that write nothing. */
const SILENT = ['Set', 'Comment', 'Macro', 'Break', 'Continue'];

/**
 * The library forgets what a turn of a loop wrote before `break` or `continue`: a template in which something may be is
 * refused.
 *
 * @param written whether the turn has written something; undefined outside of loops.
 * @returns whether it has by the end.
 */
function refuseLostText(body: readonly Statement[], written: boolean | undefined): boolean | undefined {
  let now = written;
  for (const { type, body: inner = [], alternate = [] } of body) {
    if ((type === 'Break' || type === 'Continue') && now) {
      throw new Error(
        `{% ${type.toLowerCase()} %} behind something that is written in the same turn of a loop`,
      );
    }
    if (type === 'For') refuseLostText(inner, false);
    else if (type === 'Macro') refuseLostText(inner, undefined);
    else if (type === 'If') {
      const either = [refuseLostText(inner, now), refuseLostText(alternate, now)];
      if (now === false) now = either.includes(true);
      continue;
    }
    if (now === false && !SILENT.includes(type)) now = true;
  }
  return now;
}
