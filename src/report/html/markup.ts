/** Building HTML and SVG as text, with everything that comes from a record escaped. */
import { escapeUnprintable } from '../../errors/index.ts';

/** Text that is markup already. Plain strings are escaped where they are put into it. */
export interface Markup {
  readonly markup: string;
}

export type Child = Markup | string | number | null | readonly Child[];
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const VOID = new Set(['meta', 'br', 'input', 'col']);

/** One element. Numbers among the attributes are cut to two decimals: drawings need no more, and files shrink. */
export function element(name: string, attributes: Attributes, ...children: readonly Child[]): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([key, value]) => (value === true ? ` ${key}` : ` ${key}="${escapeText(attributeText(value!))}"`))
    .join('');
  if (VOID.has(name)) return { markup: `<${name}${written}>` };
  return { markup: `<${name}${written}>${join(children).markup}</${name}>` };
}

/** Children one after another, without an element around them. */
export function join(children: readonly Child[]): Markup {
  return { markup: children.map(childText).join('') };
}

/** A number in at most `decimals` decimals, without trailing zeros. */
export function shortNumber(value: number, decimals = 2): string {
  return String(Number(value.toFixed(decimals)));
}

export function escapeText(text: string): string {
  return text
    .split('\n')
    .map(escapeUnprintable)
    .join('\n')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function attributeText(value: string | number | boolean): string {
  return typeof value === 'number' ? shortNumber(value) : String(value);
}

function childText(child: Child): string {
  if (child === null) return '';
  if (typeof child === 'string') return escapeText(child);
  if (typeof child === 'number') return String(child);
  return 'markup' in child ? child.markup : child.map(childText).join('');
}
