/** The activation functions that configs name. */
import { gelu, geluTanh, relu, silu, type Value } from '../../graph/index.ts';
import { unsupported } from '../config.ts';

const ACTIVATIONS: ReadonlyMap<string, (x: Value) => Value> = new Map([
  ['gelu', gelu],
  ['gelu_new', geluTanh],
  ['gelu_fast', geluTanh],
  ['gelu_pytorch_tanh', geluTanh],
  ['relu', relu],
  ['silu', silu],
  ['swish', silu],
]);

/** The activation of this name. Throws UserError `config-unsupported`, which names the config's `field`. */
export function findActivation(field: string, name: string): (x: Value) => Value {
  const activation = ACTIVATIONS.get(name);
  if (activation === undefined) throw unsupported(field, name, [...ACTIVATIONS.keys()].join(', '));
  return activation;
}

/** The first of the names that mean the same activation. */
export const oneSpelling = (name: string): string =>
  [...ACTIVATIONS].find(([, activation]) => activation === ACTIVATIONS.get(name))?.[0] ?? name;
