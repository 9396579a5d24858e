/** Random weights of a model that has not been trained. */
import { layerWeights, type ModelDefinition, writesToResidual } from '../models/index.ts';
import { type Rng, sizeOf } from '../numeric/index.ts';

const STANDARD_DEVIATION = 0.02;

/**
 * Weights as GPT-2 begins (Radford et al. 2019): matrices normal with deviation 0.02, those that write to the
 * residual stream 0.02 / √(number of them), gains 1, biases 0. Each weight has a random stream of its own.
 */
export function initialWeights(definition: ModelDefinition, rng: Rng): Record<string, Float32Array> {
  const residual = new Set(
    definition.layers.filter(writesToResidual).map((layer) => layerWeights(layer)[0]!.name),
  );
  return Object.fromEntries(
    definition.weights.map(({ name, shape, start = 1 }) => {
      const values = new Float32Array(sizeOf(shape));
      if (shape.length < 2) return [name, values.fill(start)];
      const scale = STANDARD_DEVIATION / (residual.has(name) ? Math.sqrt(residual.size) : 1);
      const stream = rng.fork(name);
      return [name, values.map(() => scale * stream.normal())];
    }),
  );
}
