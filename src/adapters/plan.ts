/** Which adapter sits on which layer: one choice for all, or a plan file. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { selectLayers, selectRanks } from '../coverage/index.ts';
import { UserError } from '../errors/index.ts';
import { notJson, parseJson, readTextFile, SIZE_LIMITS } from '../files/index.ts';
import type { LinearLayer } from '../models/index.ts';
import { type AdapterFamily, adapterFamilySchema } from '../record/index.ts';
import { isLowRank } from './layer-update.ts';
import type { LayerPlan } from './start.ts';

/** A plan file: adapters per layer, by module name. */
const planSchema = z.strictObject({
  schema: z.literal('rankscope.plan'),
  version: z.literal(1),
  layers: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        family: adapterFamilySchema,
        basis: z.string().min(1),
        rank: z.int().positive(),
      }),
    )
    .min(1),
});

/** One choice for all layers. */
export interface UniformChoice {
  readonly adapter: AdapterFamily;
  readonly basis: string;
  readonly rank: number;
  readonly scale: number;
  /** Glob over module names. */
  readonly layers: string;
}

export interface AdapterPlan {
  readonly layers: readonly LayerPlan[];
  /** sha256 of the plan file; null without one. */
  readonly sha256: string | null;
}

/**
 * The same adapter on every layer that matches the glob; ranks are cut to the smaller side of a layer.
 *
 * @throws UserError `rank-too-large` where a rank was asked for that no layer has, as in a probe.
 */
export function uniformPlan(
  all: readonly LinearLayer[],
  options: UniformChoice,
  askedRank: number | undefined,
): AdapterPlan {
  const { adapter: family, basis, rank, scale } = options;
  const layers = selectLayers(all, options.layers);
  if (askedRank !== undefined && isLowRank(family)) selectRanks([askedRank], layers);
  return {
    sha256: null,
    layers: layers.map((layer) => ({
      layer,
      family,
      basis,
      rank: rankOn(layer, family, rank),
      scale,
    })),
  };
}

/**
 * The plan of a file.
 *
 * @throws UserError `file-not-found`, `file-not-readable`, `plan-invalid`, `plan-missing-layers` naming them all,
 *   `plan-rank-too-large`.
 */
export function readPlan(path: string, layers: readonly LinearLayer[], scale: number): AdapterPlan {
  const text = readTextFile(path, SIZE_LIMITS.config);
  const entries = parsePlan(path, text);
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const missing = entries.filter(({ name }) => !byName.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    throw new UserError('plan-missing-layers', {
      what: `the plan ${path} names layers that the model does not have`,
      got: missing.join(', '),
      expected: `names such as ${layers
        .slice(0, 3)
        .map(({ name }) => name)
        .join(', ')}`,
      fix: 'correct the names, or make the plan for this model',
    });
  }
  const plans = entries.map(({ name, family, basis, rank }) => {
    const layer = byName.get(name)!;
    const limit = Math.min(layer.inFeatures, layer.outFeatures);
    if (rank > limit) {
      throw new UserError('plan-rank-too-large', {
        what: `the plan ${path} gives ${name} a rank that it cannot have`,
        got: String(rank),
        expected: `at most ${limit}, its smaller side`,
        fix: 'lower the rank',
      });
    }
    return { layer, family, basis, rank: rankOn(layer, family, rank), scale };
  });
  return { layers: plans, sha256: createHash('sha256').update(text).digest('hex') };
}

/** The rank of an adapter on a layer: one that is not low is that of W. */
function rankOn({ inFeatures, outFeatures }: LinearLayer, family: AdapterFamily, rank: number): number {
  const limit = Math.min(inFeatures, outFeatures);
  return isLowRank(family) ? Math.min(rank, limit) : limit;
}

function parsePlan(path: string, text: string): z.infer<typeof planSchema>['layers'] {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw notJson(path, text, error, { code: 'plan-invalid', fix: 'correct the file' });
  }
  const result = planSchema.safeParse(value);
  if (!result.success) throw invalid(path, z.prettifyError(result.error).split('\n'));
  const { layers } = result.data;
  const names = new Set<string>();
  const twice = layers.find(({ name }) => names.size === names.add(name).size);
  if (twice !== undefined) throw invalid(path, `${twice.name} stands in it twice`);
  return layers;
}

function invalid(path: string, got: string | readonly string[]): UserError {
  return new UserError('plan-invalid', {
    what: `${path} is not a plan`,
    got,
    expected:
      '{"schema": "rankscope.plan", "version": 1, "layers": [{"name", "family", "basis", "rank"}, …]}',
    fix: 'correct the file',
  });
}
