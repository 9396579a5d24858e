/** Plan files: an adapter per layer. */

import { join } from 'node:path';
import { type AdapterPlan, readPlan } from '../../../src/adapters/index.ts';
import type { LinearLayer } from '../../../src/models/index.ts';
import type { Rng } from '../../../src/numeric/index.ts';
import { ADAPTER_FAMILIES } from '../../../src/record/index.ts';
import { breakJson, differs, strictRules } from '../kit/json-case.ts';
import { pick } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';

const LAYERS: readonly LinearLayer[] = Array.from({ length: 4 }, (_, index) => ({
  name: `h.${index}.attn`,
  role: 'up',
  inFeatures: 6,
  outFeatures: 4,
  stored: 'in-out',
  bias: true,
}));

export const plan = defineTarget<AdapterPlan>({
  name: 'plan',
  weight: 2,
  make: makePlan,
  read: (folder) => readPlan(join(folder, 'plan.json'), LAYERS, 1),
});

function makePlan(rng: Rng): FuzzCase<AdapterPlan> {
  const layers = LAYERS.slice(rng.integer(4)).map(({ name }) => {
    const family = pick(rng, ADAPTER_FAMILIES);
    return {
      name,
      family,
      basis: pick(rng, ['svd', 'random']),
      rank: family === 'full' ? 4 : 1 + rng.integer(4),
    };
  });
  const document = { schema: 'rankscope.plan', version: 1, layers };
  const { bytes, verdict, changes } = breakJson(document, rng, strictRules());
  const read = ({ layers: found }: AdapterPlan) =>
    found.map(({ layer, family, basis, rank }) => ({ name: layer.name, family, basis, rank }));
  return {
    files: { 'plan.json': bytes },
    verdict,
    changes,
    check: (found) => (changes.length > 0 ? undefined : differs(layers, read(found))),
  };
}
