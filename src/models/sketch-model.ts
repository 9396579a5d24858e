/** A model by its sizes alone, for estimates before anything is decoded. */
import { Cache } from '../checkpoint/index.ts';
import { InvariantError } from '../errors/index.ts';
import { sizeOf } from '../numeric/index.ts';
import { defaultCacheFolder } from './cache-folder.ts';
import { floatProducts } from './forward.ts';
import type { InspectedModel, Model } from './model.ts';

const unread = (): never => {
  throw new InvariantError('a sketch of a model has no weights');
};

/** What {@link openModel} would give in float32: graphs of it have the right sizes, and cannot be run. */
export function sketchModel(inspected: InspectedModel): Model {
  const { weights } = inspected.definition;
  const parameters = weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return {
    ...inspected,
    warnings: [],
    compute: 'float32',
    int8Kernel: undefined,
    cache: new Cache(defaultCacheFolder(), unread),
    openingSeconds: 0,
    parameters,
    weightBytes: 4 * parameters,
    tokenizer: unread,
    checkUnchanged: unread,
    readLayer: unread,
    weights: (graph) =>
      floatProducts(({ name, shape }) =>
        graph.external(name, { dtype: 'float32', shape }, { path: '', offset: 0, length: 4 * sizeOf(shape) }),
      ),
  };
}
