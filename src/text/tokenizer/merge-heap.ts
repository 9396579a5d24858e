/** Merges that wait, the one of lowest rank first, and of those the leftmost. */
export class MergeHeap {
  // Rank and place are ordered as one number: both stay far below 2²⁶.
  private readonly keys: number[] = [];
  private readonly ids: number[] = [];

  push(rank: number, place: number, id: number): void {
    const { keys, ids } = this;
    const key = rank * 2 ** 26 + place;
    let at = keys.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[at] = keys[parent]!;
      ids[at] = ids[parent]!;
      at = parent;
    }
    keys[at] = key;
    ids[at] = id;
  }

  pop(): { readonly place: number; readonly id: number } | undefined {
    const { keys, ids } = this;
    if (keys.length === 0) return undefined;
    const top = { place: keys[0]! % 2 ** 26, id: ids[0]! };
    const key = keys.pop()!;
    const id = ids.pop()!;
    const size = keys.length;
    if (size === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= key) break;
      keys[at] = keys[child]!;
      ids[at] = ids[child]!;
      at = child;
    }
    keys[at] = key;
    ids[at] = id;
    return top;
  }
}
