import { expect, it } from 'vitest';
import { loadReference } from '../../test/support/reference.ts';
import { inspectModel } from './model.ts';

it.each([
  [
    'gpt2',
    {
      'attn.c_attn': 'query-key-value',
      'attn.c_proj': 'output',
      'mlp.c_fc': 'up',
      'mlp.c_proj': 'down',
    },
  ],
  [
    'llama',
    {
      'self_attn.q_proj': 'query',
      'self_attn.k_proj': 'key',
      'self_attn.v_proj': 'value',
      'self_attn.o_proj': 'output',
      'mlp.gate_proj': 'gate',
      'mlp.up_proj': 'up',
      'mlp.down_proj': 'down',
    },
  ],
] as const)('the layers of %s have roles', async (name, roles) => {
  const { layers } = (await inspectModel(loadReference(name).folder)).definition;
  const found = layers.map((layer) => [layer.name.split('.').slice(3).join('.'), layer.role]);
  expect(Object.fromEntries(found)).toEqual(roles);
});
