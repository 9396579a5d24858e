/** The engine for real work: ONNX Runtime on the CPU, in a thread of its own. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InvariantError, invariant, oneLine, UserError } from '../../errors/index.ts';
import { fileEnds, withFile } from '../../files/index.ts';
import type { ExternalData, Graph, ValueType } from '../../graph/index.ts';
import type { DType, Tensor } from '../../numeric/index.ts';
import { type Engine, misfit, type Program, type Resident } from '../engine.ts';
import { held } from '../held.ts';
import { encodeModel } from './encode.ts';
import { lowerForWebGpu } from './lower.ts';
import type { Answers, Device, Reply, Request, ResidentPlace } from './protocol.ts';

export interface OnnxEngineOptions {
  /** Threads of the matrix products; default all cores that this process may use. */
  readonly threads?: number;
  /** Rearrange constant weights for speed, at the price of a second copy in memory; default false. */
  readonly prepack?: boolean;
  /** What computes; default the processor. Float64 products and what a GPU has no kernel for run there all the same. */
  readonly device?: Device;
  /** For measurements: each program writes what its ops took to a JSON file whose path begins so, when it is released. */
  readonly profile?: string;
}

/** Products for which the runtime arranges 8-bit weights in its own way. */
const EIGHT_BIT: ReadonlySet<string> = new Set(['MatMulNBits', 'MatMulInteger']);

/** A GPU that is not there, or a runtime built without WebGPU, in our words. */
function deviceError(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  if (!/adapter|webgpu.*(not|unsupported|no available)|no available backend/i.test(message)) return error;
  return new UserError('device-not-found', (option) => ({
    what: 'there is no GPU that can be used through WebGPU.',
    got: oneLine(message.slice(message.lastIndexOf(': ') + 2).trim(), 200),
    expected: 'a GPU with a driver for Vulkan, Metal or Direct3D 12',
    fix: `install the driver (on Linux also the Vulkan loader, libvulkan.so.1), or leave out ${option('device')}`,
  }));
}

/** Starts an engine. Close it when done: it keeps a thread alive. */
export function createOnnxEngine(options: OnnxEngineOptions = {}): Engine {
  const { device = 'cpu' } = options;
  const settings = {
    device,
    threads: options.threads ?? availableParallelism(),
    prepack: options.prepack ?? false,
    ...(options.profile !== undefined && { profile: options.profile }),
  };
  const line = new WorkerLine();
  return {
    name: `onnxruntime-${device}`,
    load: async (graph, { frugal = false } = {}) => {
      // Without its own arrangement of the weights, an 8-bit product takes twice the time.
      const prepack = settings.prepack || graph.liveNodes().some(({ op }) => EIGHT_BIT.has(op.name));
      const { external, ...model } =
        device === 'cpu'
          ? encodeModel(graph, prepack && !settings.prepack, true)
          : encodeModel(graph, false, false, lowerForWebGpu);
      checkFiles(external);
      const request = { kind: 'load', model, settings: { ...settings, prepack, frugal } } as const;
      const session = await line.ask('load', request).catch((error: unknown) => {
        // The runtime's own words for a file that went while the thread had other work are a defect's.
        checkFiles(external);
        throw device === 'cpu' ? error : deviceError(error);
      });
      return program(line, graph, session);
    },
    keep: async (value) => {
      const { dtype, shape } = value;
      const plain = 'data' in value ? { dtype, shape, data: value.data } : { dtype, shape };
      return new OnnxResident(line, plain, await line.ask('keep', { kind: 'keep', value: plain }));
    },
    matmul: (a, b, { transposeA = false, transposeB = false } = {}) =>
      line.ask('matmul', { kind: 'matmul', a, b, transposeA, transposeB, threads: settings.threads }),
    close: () => line.close(),
  };
}

/**
 * Reading a mapped file beyond its end kills the process, whatever it was doing: a file that was cut since it was opened
 * is told here. One that is cut later, while a program is loaded, cannot be.
 */
function checkFiles(external: readonly ExternalData[]): void {
  const ends = new Map<string, number>();
  for (const { path, offset, length } of external)
    ends.set(path, Math.max(ends.get(path) ?? 0, offset + length));
  for (const [path, end] of ends) {
    withFile(path, (_, size) => {
      if (size < end) throw fileEnds(path, size, end);
    });
  }
}

function program(line: WorkerLine, graph: Graph, session: number): Program {
  const run: Program['run'] = async (inputs, into = {}) => {
    const wrong = misfit(graph, inputs, into);
    invariant(wrong === null, `${wrong}`);
    const request = {
      kind: 'run',
      session,
      inputs: mapValues(inputs, placed),
      into: mapValues(into, place),
    };
    return line.ask('run', request as Extract<Request, { kind: 'run' }>);
  };
  return held({ run }, () => line.free({ kind: 'release', session }));
}

/** A {@link Resident} as its number in the engine's thread. */
class OnnxResident implements Resident {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly resident: number;
  private readonly line: WorkerLine;

  constructor(line: WorkerLine, { dtype, shape }: ValueType, resident: number) {
    this.line = line;
    this.dtype = dtype;
    this.shape = shape;
    this.resident = resident;
  }

  read(): Promise<Tensor> {
    return this.line.ask('read', { kind: 'read', resident: this.resident });
  }

  release(): Promise<void> {
    return this.line.free({ kind: 'forget', resident: this.resident });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

function place(value: Resident): ResidentPlace {
  invariant(value instanceof OnnxResident, 'a resident belongs to another engine');
  return { resident: value.resident };
}

const placed = (value: Tensor | Resident): Tensor | ResidentPlace => ('data' in value ? value : place(value));

const mapValues = <T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

/** Requests to the engine's thread and their answers, matched by number. */
class WorkerLine {
  private readonly worker: Worker;
  private readonly waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void }
  >();
  private nextId = 0;
  private failure: Error | undefined;

  constructor() {
    this.worker = startWorker();
    this.worker.on('message', (reply: Reply) => {
      const waiter = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if (this.waiting.size === 0) this.worker.unref();
      if (reply.ok) waiter?.resolve(reply.answer as never);
      else waiter?.reject(new Error(`engine: ${reply.message}`));
    });
    const fail = (error: Error) => {
      this.failure = error;
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    };
    this.worker.on('error', fail);
    this.worker.on('exit', (code) => fail(new InvariantError(`the engine's thread ended with code ${code}`)));
    this.worker.unref();
  }

  ask<K extends keyof Answers>(_kind: K, request: Extract<Request, { kind: K }>): Promise<Answers[K]> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const id = this.nextId++;
    return new Promise<Answers[K]>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.ref();
      try {
        this.worker.postMessage({ id, request });
      } catch (error) {
        // Nothing will answer what could not be sent.
        this.waiting.delete(id);
        reject(error);
      }
    });
  }

  /** What a thread held has gone with it. */
  async free(request: Extract<Request, { kind: 'forget' | 'release' }>): Promise<void> {
    if (this.failure === undefined) await this.ask(request.kind, request);
  }

  /** Ends the thread after the work in flight: ending it in the middle of a run aborts the process. */
  async close(): Promise<void> {
    if (this.failure !== undefined) return;
    while (this.waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    this.worker.removeAllListeners('exit');
    this.failure = new InvariantError('the engine is closed');
    await this.worker.terminate();
  }
}

function startWorker(): Worker {
  const fromSource = import.meta.url.endsWith('.ts');
  if (!fromSource) return new Worker(new URL('./worker.js', import.meta.url));
  // Tests and development run the sources: a thread must be taught TypeScript before it can read its file.
  // `require` finds the loader from here, whatever the working directory; its ES module stands beside.
  const loaderPath = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs');
  const loader = JSON.stringify(pathToFileURL(loaderPath).href);
  const file = JSON.stringify(new URL('./worker.ts', import.meta.url).href);
  const code = `import(${loader}).then(({ register }) => (register(), import(${file})))`;
  return new Worker(code, { eval: true });
}
