import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { LayerRole, LinearLayer } from '../models/index.ts';
import { selectLayers } from './select-layers.ts';

const MODULES = {
  'self_attn.q_proj': 'query',
  'self_attn.k_proj': 'key',
  'self_attn.o_proj': 'output',
  'mlp.up_proj': 'up',
  'mlp.down_proj': 'down',
} as const satisfies Record<string, LayerRole>;

const layer = (name: string, role: LayerRole): LinearLayer => ({
  name,
  role,
  inFeatures: 4,
  outFeatures: 4,
  stored: 'out-in',
  bias: false,
});

const LAYERS: LinearLayer[] = Array.from({ length: 12 }, (_, block) =>
  Object.entries(MODULES).map(([module, role]) => layer(`model.layers.${block}.${module}`, role)),
).flat();

const count = (words: string) => selectLayers(LAYERS, words).length;
const failure = (words: string) => {
  try {
    return selectLayers(LAYERS, words);
  } catch (error) {
    return error;
  }
};

/** Names by value of target_modules, as PEFT adapts them; null where it refuses (`scripts/reference/make-target-modules.py`). */
const PEFT: Record<string, Record<string, string[] | null>> = JSON.parse(
  readFileSync(new URL('../../test/reference/target-modules.json', import.meta.url), 'utf8'),
);

describe.each(Object.entries(PEFT))('layers of %s are those that PEFT adapts', (_, values) => {
  const layers = values['all-linear']!.map((name) => layer(name, 'query'));
  it.each(Object.entries(values))('for %s', (words, expected) => {
    const found = () => selectLayers(layers, words).map(({ name }) => name);
    if (expected === null) expect(found).toThrow(expect.objectContaining({ code: 'no-layers' }));
    else expect(found()).toEqual(expected);
  });
});

describe('layers are chosen', () => {
  it.each([
    ['self_attn.q_proj , mlp.up_proj', 24],
    ['all', 60],
    ['attention', 36],
    ['mlp', 24],
    ['mlp,q_proj', 36],
    ['mlp,up_proj', 24],
  ])('by groups: %s', (words, expected) => expect(count(words)).toBe(expected));

  it.each([
    ['*', 60],
    ['*attn*', 36],
    ['*.1.*', 5],
    ['model.layers.?.mlp.*', 20],
    ['*q_proj,*up_proj', 24],
    [String.raw`.*\.(1|11)\..*_proj,o_proj`, 20],
  ])('by patterns: %s', (words, expected) => expect(count(words)).toBe(expected));

  it('in the order of the model, once each', () => {
    expect(selectLayers(LAYERS, 'mlp,*.0.*').map(({ name }) => name)).toEqual(
      LAYERS.filter(({ name }) => name.includes('.0.') || name.includes('.mlp.')).map(({ name }) => name),
    );
  });
});

it('tells what the model has where a word is of no layer, though others are', () => {
  for (const words of ['c_attn', 'q_proj,c_attn', 'roj', '_proj', 'q_proj,', '(q|k)_proj']) {
    expect(failure(words)).toMatchObject({
      code: 'no-layers',
      message: expect.stringContaining(
        'attention (q_proj, k_proj, o_proj), mlp (up_proj, down_proj), all-linear',
      ),
    });
  }
  expect(failure('lm_head')).toMatchObject({ message: expect.stringContaining('only linear layers') });
});

it('tells of a regular expression that is none', () => {
  expect(failure('.*(q_proj')).toMatchObject({ code: 'layers-pattern-invalid' });
  expect(failure('(?P<x>q)_proj')).toMatchObject({ code: 'layers-pattern-invalid' });
});
