/** Texts by their beginnings: finds all of them that begin at one place of another text. */

/** The units `from` … `to` of a text lead here; those of no other text part from them before `to`. */
interface Node<Value> {
  units: ArrayLike<string>;
  from: number;
  to: number;
  /** What goes on from here, by its first unit. */
  next?: Map<string, Node<Value>>;
  /** What ends here. */
  value?: Value;
}

/**
 * A radix tree over units: the characters of an array, or the code units of a string. It holds two nodes a text at most,
 * however long texts are, and the texts themselves.
 */
export class PrefixTree<Value> {
  private readonly root = new Map<string, Node<Value>>();

  /** First units of all texts. */
  get begins(): readonly string[] {
    return [...this.root.keys()];
  }

  /** Adds a text; an empty one is left out, and of equal ones the first stays. */
  add(units: ArrayLike<string>, value: Value): void {
    const { length } = units;
    let [next, at] = [this.root, 0];
    while (at < length) {
      const node = next.get(units[at]!);
      if (node === undefined) {
        next.set(units[at]!, { units, from: at, to: length, value });
        return;
      }
      const shared = countShared(node, units, at);
      if (shared < node.to - node.from) split(node, node.from + shared);
      at += shared;
      if (at === length) {
        node.value ??= value;
        return;
      }
      node.next ??= new Map();
      next = node.next;
    }
  }

  /** Calls `visit` with the end and the value of every text that begins at `start` of `units`, the shortest first. */
  visit(units: ArrayLike<string>, start: number, visit: (end: number, value: Value) => void): void {
    let [next, at]: [Map<string, Node<Value>> | undefined, number] = [this.root, start];
    while (next !== undefined && at < units.length) {
      const node = next.get(units[at]!);
      if (node === undefined || countShared(node, units, at) < node.to - node.from) return;
      at += node.to - node.from;
      if (node.value !== undefined) visit(at, node.value);
      next = node.next;
    }
  }
}

/** How many units of `node`, its first included, stand at `at` of `units`. */
function countShared<Value>(node: Node<Value>, units: ArrayLike<string>, at: number): number {
  const most = Math.min(node.to - node.from, units.length - at);
  let shared = 1;
  while (shared < most && node.units[node.from + shared] === units[at + shared]) shared++;
  return shared;
}

/** Ends `node` at `at`; what it was becomes what goes on from there. */
function split<Value>(node: Node<Value>, at: number): void {
  const rest: Node<Value> = { ...node, from: at };
  node.to = at;
  node.next = new Map([[node.units[at]!, rest]]);
  delete node.value;
}
