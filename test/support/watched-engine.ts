/** An engine that counts what it holds, and fails when it is told to. */
import type { Engine, Held } from '../../src/runtime/index.ts';

export class EngineWatch {
  /** Programs and residents that are not released. */
  readonly open = new Set<object>();
  /** Requests so far: loads, runs, arrays to keep, products. */
  asked = 0;
  /** The request that fails. */
  failAt = Number.POSITIVE_INFINITY;

  /** The engine, watched; closing it leaves the engine open. */
  of(engine: Engine): Engine {
    return {
      ...engine,
      load: async (graph, options) => {
        this.ask();
        const program = await engine.load(graph, options);
        const { run } = program;
        program.run = async (...given) => {
          this.ask();
          return run(...given);
        };
        return this.counted(program);
      },
      keep: async (value) => {
        this.ask();
        return this.counted(await engine.keep(value));
      },
      matmul: async (...given) => {
        this.ask();
        return engine.matmul(...given);
      },
      close: async () => {},
    };
  }

  private ask(): void {
    if (++this.asked === this.failAt) throw new Error('the engine fails');
  }

  private counted<T extends Held>(thing: T): T {
    const { release } = thing;
    this.open.add(thing);
    thing.release = () => {
      this.open.delete(thing);
      return release.call(thing);
    };
    thing[Symbol.asyncDispose] = () => thing.release();
    return thing;
  }
}
