/** Programs of the engine, one per key, made when they are first asked for. */
import { Graph } from '../../graph/index.ts';
import { type Engine, Owner, type Program } from '../../runtime/index.ts';

export class Programs extends Owner {
  protected readonly engine: Engine;
  private readonly loaded = new Map<string, Promise<Program>>();

  constructor(engine: Engine) {
    super();
    this.engine = engine;
  }

  /** The program of that key; `build` writes its graph the first time. */
  get(key: string, build: (graph: Graph) => void): Promise<Program> {
    const known = this.loaded.get(key);
    if (known !== undefined) return known;
    const graph = new Graph();
    build(graph);
    const program = this.own(this.engine.load(graph, { frugal: true }));
    this.loaded.set(key, program);
    return program;
  }

  override release(): Promise<void> {
    this.loaded.clear();
    return super.release();
  }
}
