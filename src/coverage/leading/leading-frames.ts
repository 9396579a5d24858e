/** Frames of leading singular vectors, found in the engine. */
import type { LinearLayer } from '../../models/index.ts';
import { float32, fromFloat32, svd } from '../../numeric/index.ts';
import { type Engine, Owner, type Resident } from '../../runtime/index.ts';
import type { Frame } from '../frame.ts';
import type { Moments } from '../moments.ts';
import { isLeading, LeadingTriplesSolver } from './leading-triples.ts';
import { Programs } from './programs.ts';
import { GradientWhitener } from './whiten-gradient.ts';

/** Sides below this are whitened in float64 as fast. */
const WORTH_ELIMINATING = 128;

/** A method that returns undefined leaves it to whole decompositions in float64. */
export class LeadingFrames extends Programs {
  private readonly solver: LeadingTriplesSolver;
  private readonly whitener: GradientWhitener;

  constructor(engine: Engine) {
    super(engine);
    this.solver = new LeadingTriplesSolver(engine, this);
    this.whitener = new GradientWhitener(this);
  }

  /** Top singular vectors of W, given in the checkpoint's order. */
  async ofWeight(
    { inFeatures, outFeatures, stored }: LinearLayer,
    values: Float32Array,
    rank: number,
  ): Promise<Frame | undefined> {
    if (!isLeading(rank, inFeatures, outFeatures)) return undefined;
    const straight = stored === 'in-out';
    const shape = straight ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
    await using weight = await this.engine.keep(float32(shape, values));
    const found = await this.solver.find(weight, rank);
    return found && (straight ? found : { u: found.v, v: found.u });
  }

  /** Top singular vectors of the mean gradient. */
  ofGradient({ gradient }: Moments<Resident>, rank: number): Promise<Frame | undefined> {
    return this.topPairs(gradient!, rank);
  }

  /** Canonical directions between inputs and output gradients: see the natural basis. */
  async natural(moments: Moments<Resident>, ridge: number, rank: number): Promise<Frame | undefined> {
    const { inFeatures, outFeatures } = moments.layer;
    if (Math.max(inFeatures, outFeatures) < WORTH_ELIMINATING) return undefined;
    await using owner = new Owner();
    const gradient = await this.whitener.whiten(moments, ridge, owner);
    if (gradient === undefined) return undefined;
    const found = await this.topPairs(gradient.whitened, rank);
    return found && (await gradient.mapBack(found.u, found.v));
  }

  /** By iteration where few columns are wanted of many, and else by a whole decomposition. */
  private async topPairs(a: Resident, rank: number): Promise<Frame | undefined> {
    const [rows, cols] = a.shape as [number, number];
    if (isLeading(rank, rows, cols)) return this.solver.find(a, rank);
    const { data } = await a.read();
    return svd(fromFloat32(rows, cols, data as Float32Array), { rank, product: this.engine.matmul });
  }
}
