/** The sums for natural coverage, which stay in the engine from pass to pass. */
import type { Engine, Owner, Resident } from '../runtime/index.ts';
import { beforeName, SUMS, stackOutputName } from './collect.ts';
import type { LayerMeasurement, MeasuredStack } from './measurement.ts';

/** Whether an output of a measuring pass is written to what is kept in the engine. */
export const staysInEngine = (output: string): boolean => /\|(blocks|permuted|inputs|outputs)$/.test(output);

interface KeptStack {
  readonly stack: MeasuredStack;
  readonly shape: readonly number[];
  readonly name: (part: Parameters<typeof stackOutputName>[2]) => string;
}

export class KeptSums {
  private readonly engine: Engine;
  private readonly owner: Owner;
  private readonly stacks: readonly KeptStack[];
  private readonly sums = new Map<string, Resident>();

  private constructor(engine: Engine, layers: readonly LayerMeasurement[], lanes: number, owner: Owner) {
    this.engine = engine;
    this.owner = owner;
    this.stacks = layers.flatMap(({ name: layer, stacks }) =>
      stacks.map((stack, index) => ({
        stack,
        shape: [stack.sets.length, lanes, stack.rank, stack.rank],
        name: (part) => stackOutputName(layer, index, part),
      })),
    );
  }

  /**
   * Sums of zero for every stack of these layers, which are told of them.
   *
   * @param owner frees them.
   */
  static async create(
    engine: Engine,
    layers: readonly LayerMeasurement[],
    lanes: number,
    owner: Owner,
  ): Promise<KeptSums> {
    const kept = new KeptSums(engine, layers, lanes, owner);
    await Promise.all(
      kept.stacks.map(async ({ stack, shape, name }) => {
        const [permuted, inputs, outputs] = await Promise.all(
          SUMS.map(async (part) => {
            const sum = await kept.keep(shape);
            kept.sums.set(name(part), sum);
            return sum;
          }),
        );
        stack.natural = { blocks: [], permuted: permuted!, inputs: inputs!, outputs: outputs! };
      }),
    );
    return kept;
  }

  /** What the next pass is fed with and writes to. */
  async nextPass(): Promise<{ before: Record<string, Resident>; into: Record<string, Resident> }> {
    const into = Object.fromEntries(this.sums);
    await Promise.all(
      this.stacks.map(async ({ stack, shape, name }) => {
        const block = await this.keep(shape);
        stack.natural!.blocks.push(block);
        into[name('blocks')] = block;
      }),
    );
    return {
      before: Object.fromEntries([...this.sums].map(([name, sum]) => [beforeName(name), sum])),
      into,
    };
  }

  private keep(shape: readonly number[]): Promise<Resident> {
    return this.owner.own(this.engine.keep({ dtype: 'float32', shape }));
  }
}
