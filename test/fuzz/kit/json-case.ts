/** Broken JSON documents, with what a reader must make of them. */
import type { Rng } from '../../../src/numeric/index.ts';
import { changeBytes, textBytes } from './change-bytes.ts';
import { changeTree, printTree, type TreeChange, treeOf } from './json-tree.ts';
import { chance } from './odd-values.ts';
import type { FuzzCase } from './target.ts';

export interface BrokenJson {
  readonly bytes: Uint8Array;
  readonly verdict: FuzzCase<unknown>['verdict'];
  readonly changes: readonly string[];
}

export interface JsonRules {
  /** Whether a document with this one change is certainly wrong. */
  readonly breaks: (change: TreeChange) => boolean;
  /** Share left as it is; default a fifth. */
  readonly intact?: number;
}

/** A document of an object or a list, as it is or changed once or twice. */
export function breakJson(value: unknown, rng: Rng, { breaks, intact = 0.2 }: JsonRules): BrokenJson {
  const text = JSON.stringify(value);
  if (chance(rng, intact)) return { bytes: textBytes(text), verdict: 'accept', changes: [] };
  if (chance(rng, 0.25)) {
    const change = changeBytes(textBytes(text), rng, () => textBytes(text));
    // Whatever is cut off an object or a list, its last bracket is missing.
    const verdict = change.what === 'cut' && change.bytes.length < text.length ? 'refuse' : 'either';
    return { bytes: change.bytes, verdict, changes: [change.what] };
  }
  const tree = treeOf(value);
  const changes = Array.from({ length: chance(rng, 0.2) ? 2 : 1 }, () => changeTree(tree, rng));
  // A second change may take the first one back.
  const verdict = changes.length === 1 && breaks(changes[0]!) ? 'refuse' : 'either';
  return {
    bytes: textBytes(printTree(tree)),
    verdict,
    changes: changes.map(({ what, path }) => `${what} ${path}`),
  };
}

/** Rules of a document whose every name is known and needed, except `optional` ones and those inside `free` maps. */
export function strictRules(optional: readonly string[] = [], free: readonly string[] = []): JsonRules {
  const inside = (path: string, names: readonly string[]) =>
    names.some((name) => path === name || path.endsWith(`/${name}`));
  return {
    breaks: ({ what, path }) => {
      const parent = path.split('/').slice(0, -1).join('/');
      // A cell of a table may be text, a number or an estimate.
      if (what === 'retype') return !path.endsWith('/rows/*/*');
      if (what === 'remove') return !path.endsWith('*') && !inside(path, optional) && !inside(parent, free);
      return what === 'add' && !inside(path, free);
    },
  };
}

/** What differs between what was written and what was read. */
export function differs(written: unknown, read: unknown): string | undefined {
  const [a, b] = [sorted(written), sorted(read)];
  if (a === b) return undefined;
  const at = [...a].findIndex((character, index) => character !== b[index]);
  return `read otherwise than written: …${b.slice(Math.max(0, at - 40), at + 60)}…, not …${a.slice(Math.max(0, at - 40), at + 60)}…`;
}

/** JSON with names in order. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const members = Object.entries(value).filter(([, part]) => part !== undefined);
  return `{${members
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, part]) => `${JSON.stringify(name)}:${sorted(part)}`)
    .join()}}`;
}
