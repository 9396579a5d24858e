/** From a trained adapter to what the LoRA formats write. */
import { UserError } from '../../errors/index.ts';
import type { LayerAdapter } from '../adapter.ts';
import { adapterFactors, isLowRank } from '../layer-update.ts';
import type { LowRankUpdate } from './low-rank-update.ts';

/**
 * The low-rank updates of an adapter's layers. Throws {@link UserError} `no-low-rank-form` for a layer whose whole
 * change was trained.
 *
 * @example
 * ```ts
 * for (const { layer, left } of lowRankUpdates(adapter.layers)) console.log(layer.name, left.cols);
 * ```
 */
export function lowRankUpdates(layers: readonly LayerAdapter[]): LowRankUpdate[] {
  return layers.map((adapter) => {
    if (isLowRank(adapter.family)) return { layer: adapter.layer, ...adapterFactors(adapter) };
    throw new UserError('no-low-rank-form', (option) => ({
      what: `The change of ${adapter.layer.name} has no low-rank form.`,
      got: `an adapter of the family ${adapter.family}`,
      expected: 'any other family: LoRA files hold two narrow factors per layer',
      fix: `export with ${option('format')} merged`,
    }));
  });
}
