/** JSON as a tree that can also hold what is not allowed: names twice, numbers in any spelling, broken leaves. */
import type { Rng } from '../../../src/numeric/index.ts';
import { chance, deepJson, oddJson, oddName, oddNumber, pick } from './odd-values.ts';

export type Tree = Leaf | ObjectTree | ArrayTree;
/** JSON text as it stands. */
export interface Leaf {
  kind: 'leaf';
  text: string;
}
export interface ObjectTree {
  kind: 'object';
  entries: [name: string, value: Tree][];
}
export interface ArrayTree {
  kind: 'array';
  items: Tree[];
}

export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(treeOf) };
  if (typeof value !== 'object' || value === null)
    return { kind: 'leaf', text: JSON.stringify(value) ?? 'null' };
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return { kind: 'object', entries: entries.map(([name, part]) => [name, treeOf(part)]) };
}

export function printTree(tree: Tree): string {
  if (tree.kind === 'leaf') return tree.text;
  if (tree.kind === 'array') return `[${tree.items.map(printTree).join(',')}]`;
  return `{${tree.entries.map(([name, value]) => `${JSON.stringify(name)}:${printTree(value)}`).join(',')}}`;
}

/** A place in a tree: how to get and replace what stands there. */
interface Place {
  readonly path: readonly string[];
  readonly tree: Tree;
  readonly set: (tree: Tree) => void;
  readonly remove: () => void;
}

/** All places below the root. */
export function placesOf(root: Tree): Place[] {
  const places: Place[] = [];
  const walk = (tree: Tree, path: readonly string[]) => {
    if (tree.kind === 'object') {
      tree.entries.forEach((entry, index) => {
        const inner = [...path, entry[0]];
        const set = (value: Tree) => {
          entry[1] = value;
        };
        places.push({ path: inner, tree: entry[1], set, remove: () => tree.entries.splice(index, 1) });
        walk(entry[1], inner);
      });
    } else if (tree.kind === 'array') {
      tree.items.forEach((item, index) => {
        const inner = [...path, '*'];
        const set = (value: Tree) => {
          tree.items[index] = value;
        };
        places.push({ path: inner, tree: item, set, remove: () => tree.items.splice(index, 1) });
        walk(item, inner);
      });
    }
  };
  walk(root, []);
  return places;
}

/** What was done to a tree, and where. */
export interface TreeChange {
  readonly what: 'remove' | 'retype' | 'replace' | 'rename' | 'add' | 'twice' | 'swap' | 'many' | 'deep';
  /** Names from the root, `*` for an item of a list; for `rename`, `add` and `twice` of the object around. */
  readonly path: string;
}

/** Changes one place of a tree. */
export function changeTree(root: Tree, rng: Rng): TreeChange {
  const places = placesOf(root);
  if (places.length === 0) return { what: 'swap', path: '' };
  const place = pick(rng, places);
  const path = place.path.join('/');
  const leaf = (text: string): Tree => ({ kind: 'leaf', text });
  switch (rng.integer(9)) {
    case 0:
      place.remove();
      return { what: 'remove', path };
    case 1:
      place.set(leaf(otherType(place.tree, rng)));
      return { what: 'retype', path };
    case 2:
      place.set(leaf(/^-?\d/.test(leafText(place.tree)) ? oddNumber(rng) : oddJson(rng)));
      return { what: 'replace', path };
    case 3: {
      const { entries, inside } = pick(rng, objectsOf(root));
      if (entries.length === 0) return { what: 'swap', path: '' };
      pick(rng, entries)[0] = oddName(rng);
      return { what: 'rename', path: inside };
    }
    case 4: {
      const { entries, inside } = pick(rng, objectsOf(root));
      entries.push([oddName(rng), leaf(oddJson(rng))]);
      return { what: 'add', path: inside };
    }
    case 5: {
      const { entries, inside } = pick(rng, objectsOf(root));
      if (entries.length === 0) return { what: 'swap', path: '' };
      const [name, value] = pick(rng, entries);
      const again = chance(rng, 0.5) ? value : leaf(oddJson(rng));
      entries.splice(rng.integer(entries.length + 1), 0, [name, again]);
      return { what: 'twice', path: inside };
    }
    case 6: {
      const other = pick(rng, places);
      // A part of itself would never end.
      if (!contains(other.tree, place.tree)) place.set(other.tree);
      return { what: 'swap', path };
    }
    case 7: {
      if (place.tree.kind === 'array') place.tree.items.push(...repeat(place.tree.items, rng));
      else place.set(leaf(JSON.stringify('y'.repeat(pick(rng, [100, 10_000, 100_000])))));
      return { what: 'many', path };
    }
    default:
      place.set(leaf(deepJson(pick(rng, [50, 2000, 20_000]), rng)));
      return { what: 'deep', path };
  }
}

const leafText = (tree: Tree) => (tree.kind === 'leaf' ? tree.text : '');

function repeat(items: readonly Tree[], rng: Rng): Tree[] {
  const times = pick(rng, [1, 2, 50]);
  return Array.from({ length: Math.min(2000, items.length * times) }, (_, i) => items[i % items.length]!);
}

function contains(tree: Tree, part: Tree): boolean {
  return tree === part || placesOf(tree).some((place) => place.tree === part);
}

/** All objects, with the path of each. */
function objectsOf(root: Tree): { readonly entries: ObjectTree['entries']; readonly inside: string }[] {
  const all = [{ tree: root, path: [] as readonly string[] }, ...placesOf(root)];
  const objects = all.flatMap(({ tree, path }) =>
    tree.kind === 'object' ? [{ entries: tree.entries, inside: path.join('/') }] : [],
  );
  return objects.length > 0 ? objects : [{ entries: [], inside: '' }];
}

/** JSON of a type that stands for nothing like `tree`: a list for a text, an object for a list. */
function otherType(tree: Tree, rng: Rng): string {
  if (tree.kind === 'array') return pick(rng, ['{}', '"x"', '1', 'true']);
  if (tree.kind === 'object') return pick(rng, ['[]', '"x"', '1', 'true']);
  return pick(rng, ['[]', '{}', '[1,[2]]', '{"a":1}']);
}
