/** Weights under the full names of a causal language model, however the file spells them. */
import type { Checkpoint, WeightSource } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import type { Architecture } from './definition.ts';

/**
 * The checkpoint with the names that modules have in the whole model: files that were saved from the base alone leave
 * out its name (`layers.0.…`, `h.0.…`), some that were wrapped have it twice; transformers reads both.
 * Throws {@link UserError} `weight-ambiguous` when two tensors would have one name.
 */
export function withFullNames(checkpoint: Checkpoint, { base, modules, oldHead }: Architecture): Checkpoint {
  const inside = [modules.embedding, modules.blocks, ...modules.others].join('|');
  const [inBase, inHead] = [
    new RegExp(`^(?:${base}\\.){0,2}((?:${inside})\\..+)$`),
    new RegExp(`^(?:${base}\\.)?(?:lm_head|${oldHead ?? 'lm_head'})\\.(.+)$`),
  ];
  const weights = new Map<string, WeightSource>();
  for (const source of checkpoint.weights.values()) {
    const rest = inBase.exec(source.name)?.[1];
    const head = inHead.exec(source.name)?.[1];
    const other = head === undefined ? source.name : `lm_head.${head}`;
    const name = rest === undefined ? other : `${base}.${rest}`;
    if (weights.has(name)) {
      throw new UserError('weight-ambiguous', {
        what: `two tensors of ${checkpoint.path} stand for one weight`,
        got: `${name}, with and without "${base}." in front`,
        expected: 'each weight once',
        fix: 'save the model again with save_pretrained(…)',
      });
    }
    weights.set(name, { ...source, name });
  }
  return { ...checkpoint, weights };
}

/** How many blocks there are weights of. */
export function countStoredLayers(checkpoint: Checkpoint, { base, modules }: Architecture): number {
  const layers = new Set<string>();
  const block = new RegExp(`^${base}\\.${modules.blocks}\\.(\\d+)\\.`);
  for (const name of checkpoint.weights.keys()) {
    const number = block.exec(name)?.[1];
    if (number !== undefined) layers.add(number);
  }
  return layers.size;
}
