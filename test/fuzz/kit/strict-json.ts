/**
 * JSON by RFC 8259 with what formats forbid on top of it: an independent judge, kept apart from the readers' own
 * parsers on purpose. Numbers keep their spelling, names may stand twice.
 */
import type { Tree } from './json-tree.ts';

/** Parses a whole text; undefined when it is not JSON. White space may stand around it. */
export function parseStrictly(text: string): Tree | undefined {
  let at = 0;
  const space = () => {
    while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  };
  const token = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const take = (character: string): boolean => {
    space();
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const value = (): Tree | undefined => {
    space();
    if (text[at] === '{') return object();
    if (text[at] === '[') return array();
    const leaf = token(LEAF);
    return leaf === undefined ? undefined : { kind: 'leaf', text: leaf };
  };
  const object = (): Tree | undefined => {
    at++;
    const entries: [string, Tree][] = [];
    if (take('}')) return { kind: 'object', entries };
    do {
      space();
      const name = token(STRING);
      if (name === undefined || !take(':')) return undefined;
      const inner = value();
      if (inner === undefined) return undefined;
      entries.push([JSON.parse(name), inner]);
    } while (take(','));
    return take('}') ? { kind: 'object', entries } : undefined;
  };
  const array = (): Tree | undefined => {
    at++;
    const items: Tree[] = [];
    if (take(']')) return { kind: 'array', items };
    do {
      const item = value();
      if (item === undefined) return undefined;
      items.push(item);
    } while (take(','));
    return take(']') ? { kind: 'array', items } : undefined;
  };
  const tree = value();
  space();
  return at === text.length ? tree : undefined;
}

// Built from text: control characters, which JSON forbids in strings, must not stand in a pattern of the language.
const STRING_PATTERN = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`;
const NUMBER_PATTERN = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const STRING = new RegExp(STRING_PATTERN, 'y');
const LEAF = new RegExp(`${STRING_PATTERN}|${NUMBER_PATTERN}|true|false|null`, 'y');

/** Levels of lists and objects in each other. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const bracket of text.replace(new RegExp(STRING_PATTERN, 'g'), '')) {
    if (bracket === '{' || bracket === '[') deepest = Math.max(deepest, ++depth);
    if (bracket === '}' || bracket === ']') depth--;
  }
  return deepest;
}
