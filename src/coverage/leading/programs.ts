/** Programs of the engine, one per key, made when they are first asked for, and arrays that are used again and again. */
import { Graph, type ValueType } from '../../graph/index.ts';
import { type Engine, type Held, held, Owner, type Program, type Resident } from '../../runtime/index.ts';

export class Programs extends Owner {
  protected readonly engine: Engine;
  private readonly loaded = new Map<string, Promise<Program>>();
  private readonly arrays = new Owner();
  /** Arrays that nobody uses, by type. */
  private readonly free = new Map<string, Resident[]>();

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

  /**
   * An array whose values nobody may rely on before they are written. When its owner is released it is kept for the
   * next one of its type: what is large costs more to get and to collect than to multiply.
   */
  async scratch(type: ValueType, owner: Owner): Promise<Resident> {
    const key = `${type.dtype} ${type.shape}`;
    const free = this.free.get(key) ?? [];
    this.free.set(key, free);
    const array = free.pop() ?? (await this.arrays.own(this.engine.keep(type)));
    const giveBack = async () => {
      free.push(array);
    };
    await owner.own(Promise.resolve(held<Held>({}, giveBack)));
    return array;
  }

  /** Frees the arrays; none may be in use. */
  dropScratch(): Promise<void> {
    this.free.clear();
    return this.arrays.release();
  }

  override async release(): Promise<void> {
    this.loaded.clear();
    await this.dropScratch();
    await super.release();
  }
}
