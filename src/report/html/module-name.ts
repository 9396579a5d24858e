/** Splitting the name of a layer into what it is and where it is. */

export interface ModuleName {
  /** The part after the block number, later numbers replaced: `self_attn.q_proj`, `mlp.experts.*.up_proj`. */
  readonly kind: string;
  /** The numbers in the name: `3`, `3.12`; empty for a layer that stands alone, such as a head. */
  readonly position: string;
}

export function parseModuleName(name: string): ModuleName {
  const parts = name.split('.');
  const first = parts.findIndex((part) => /^\d+$/.test(part));
  if (first === -1 || first === parts.length - 1) return { kind: name, position: '' };
  const rest = parts.slice(first + 1);
  const numbers = [parts[first]!, ...rest.filter((part) => /^\d+$/.test(part))];
  return {
    kind: rest.map((part) => (/^\d+$/.test(part) ? '*' : part)).join('.'),
    position: numbers.join('.'),
  };
}

/** Items grouped by the kind of their layer, kinds in the order in which they first come. */
export function groupByKind<T extends { readonly name: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const { kind } = parseModuleName(item.name);
    const group = groups.get(kind);
    if (group === undefined) groups.set(kind, [item]);
    else group.push(item);
  }
  return groups;
}
