import { expect, it } from 'vitest';
import { loadReference } from '../../../test/support/reference.ts';
import { selectLayers } from '../../coverage/select-layers.ts';
import { groupOf, inspectModel } from '../../models/index.ts';
import { GROUP_LAYERS } from './arm-grid.ts';

it.each(['gpt2', 'llama'] as const)(
  'the words of groups choose the layers of their roles in %s',
  async (name) => {
    const { layers } = (await inspectModel(loadReference(name).folder)).definition;
    for (const group of ['attention', 'mlp'] as const) {
      expect(selectLayers(layers, GROUP_LAYERS[group])).toEqual(
        layers.filter((layer) => groupOf(layer) === group),
      );
    }
  },
);
