/**
 * The engine's thread: it owns every session, because `create` and `run` block the thread that calls them.
 * The main thread stays free for progress and signals.
 */
import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { Graph, matmul, type ValueType } from '../../graph/index.ts';
import { type DType, type Matrix, sizeOf, type Tensor, type TensorData, zeros } from '../../numeric/index.ts';
import { dropBytes } from './collect-garbage.ts';
import { END, type EncodedModel, encodeModel } from './encode.ts';
import type { Answers, Envelope, Reply, Request, ResidentPlace, SessionSettings } from './protocol.ts';

const sessions = new Map<number, InferenceSession>();
const residents = new Map<number, OrtTensor>();
let nextNumber = 0;

async function createSession(
  { bytes, folder }: EncodedModel,
  settings: SessionSettings,
): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    executionProviders: settings.device === 'cpu' ? ['cpu'] : ['webgpu', 'cpu'],
    // The graph is already written as we want it run: 'basic' would fold constants into copies of weights.
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: settings.threads,
    enableMemPattern: false,
    enableCpuMemArena: !settings.frugal,
    logSeverityLevel: 3,
    ...(settings.profile !== undefined && { enableProfiling: true, profileFilePrefix: settings.profile }),
    extra: {
      session: {
        force_spinning_stop: '1',
        // Small programs take turns with other work on the same cores, which a thread that waits busily would hold up.
        ...(settings.frugal ? { intra_op: { allow_spinning: '0' } } : {}),
        set_denormal_as_zero: '1',
        ...(settings.prepack ? {} : { disable_prepacking: '1' }),
        model_external_initializers_file_folder_path: folder,
      },
    },
  });
}

const toOrt = ({ dtype, shape, data }: Tensor): OrtTensor =>
  new OrtTensor(dtype as 'float32', data as Float32Array, [...shape]);

const fromOrt = (value: OrtTensor): Tensor => ({
  dtype: value.type as DType,
  shape: value.dims,
  data: value.data as TensorData,
});

async function run(
  session: InferenceSession,
  inputs: Readonly<Record<string, Tensor | ResidentPlace>>,
  into: Readonly<Record<string, ResidentPlace>> = {},
): Promise<Answers['run']> {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      'resident' in value ? residents.get(value.resident)! : toOrt(value),
    ]),
  );
  const outputs = session.outputMetadata.filter((output) => output.isTensor);
  const made = new Map(
    outputs
      .filter(({ name }) => !(name in into))
      .map(({ name, type, shape }) => [
        name,
        emptyTensor({ dtype: type as DType, shape: shape as readonly number[] }),
      ]),
  );
  const fetches = Object.fromEntries(
    outputs.map(({ name }) => [name, made.get(name) ?? residents.get(into[name]!.resident)!]),
  );
  try {
    await session.run(feeds, session.outputNames.includes(END) ? { [END]: null, ...fetches } : fetches);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith(REFUSES_END))) throw error;
  }
  return Object.fromEntries([...made].map(([name, value]) => [name, fromOrt(value)]));
}

/** What the binding says when it comes to {@link END}: by then all outputs are written. */
const REFUSES_END = 'Non tensor type';

const emptyTensor = ({ dtype, shape }: ValueType): OrtTensor =>
  toOrt({ dtype, shape, data: zeros(dtype, sizeOf(shape)) });

/**
 * A resident: values of a tensor, or zeros in room that several share. The system gets large allocations back at once
 * when they are freed, and of many small ones nothing as long as something stands between them.
 */
function keep(value: ValueType | Tensor): OrtTensor {
  if ('data' in value) return toOrt(value);
  const { dtype, shape } = value;
  const Values = zeros(dtype, 0).constructor as Float32ArrayConstructor;
  const bytes = Values.BYTES_PER_ELEMENT * sizeOf(shape);
  if (bytes > SHARED_ROOM / 2) return emptyTensor(value);
  if (room.used + bytes > room.buffer.byteLength) room = { buffer: new ArrayBuffer(SHARED_ROOM), used: 0 };
  const data = new Values(room.buffer, room.used, sizeOf(shape));
  room.used += ALIGNMENT * Math.ceil(bytes / ALIGNMENT);
  return toOrt({ dtype, shape, data });
}

/** More than the 32 MiB up to which the C library may take memory out of what it holds already. */
const SHARED_ROOM = 48 * 2 ** 20;
const ALIGNMENT = 64;
let room = { buffer: new ArrayBuffer(0), used: 0 };

/** Products by shape: a session is cheap, and the same shapes come again for every layer. */
const products = new Map<string, InferenceSession>();

async function product(request: Extract<Request, { kind: 'matmul' }>): Promise<Matrix> {
  const { a, b, transposeA, transposeB, threads } = request;
  const key = [a.rows, a.cols, b.rows, b.cols, transposeA, transposeB].join();
  let session = products.get(key);
  if (session === undefined) {
    const graph = new Graph();
    const left = graph.input('a', 'float64', [a.rows, a.cols]);
    const right = graph.input('b', 'float64', [b.rows, b.cols]);
    graph.output('c', matmul(left, right, { transposeA, transposeB }));
    session = await createSession(encodeModel(graph), {
      device: 'cpu',
      threads,
      prepack: false,
      frugal: true,
    });
    if (products.size >= 64) {
      await Promise.all([...products.values()].map((old) => old.release()));
      products.clear();
    }
    products.set(key, session);
  }
  const asTensor = ({ rows, cols, data }: Matrix): Tensor => ({
    dtype: 'float64',
    shape: [rows, cols],
    data,
  });
  const { c } = await run(session, { a: asTensor(a), b: asTensor(b) });
  const [rows, cols] = c!.shape as [number, number];
  return { rows, cols, data: c!.data as Float64Array };
}

async function answer(request: Request): Promise<Answers[keyof Answers]> {
  switch (request.kind) {
    case 'load': {
      sessions.set(nextNumber, await createSession(request.model, request.settings));
      return nextNumber++;
    }
    case 'run':
      return run(sessions.get(request.session)!, request.inputs, request.into);
    case 'keep':
      residents.set(nextNumber, keep(request.value));
      return nextNumber++;
    case 'read': {
      const { dtype, shape, data } = fromOrt(residents.get(request.resident)!);
      return { dtype, shape, data: data.slice() };
    }
    case 'forget': {
      const bytes = (residents.get(request.resident)?.data as TensorData | undefined)?.byteLength ?? 0;
      residents.delete(request.resident);
      dropBytes(bytes);
      return null;
    }
    case 'release':
      // Writes nothing unless the session was made to be profiled.
      sessions.get(request.session)?.endProfiling();
      await sessions.get(request.session)?.release();
      sessions.delete(request.session);
      return null;
    case 'matmul':
      return product(request);
  }
}

/** Buffers that a reply may give away instead of copying. */
function transferable(reply: Reply): ArrayBuffer[] {
  if (!reply.ok || reply.answer === null || typeof reply.answer === 'number') return [];
  const arrays =
    'data' in reply.answer ? [reply.answer.data] : Object.values(reply.answer).map(({ data }) => data);
  return [...new Set(arrays.map((data) => (data as Float64Array).buffer as ArrayBuffer))];
}

// One request at a time, in order: sessions share the machine's cores.
let queue = Promise.resolve();
parentPort!.on('message', ({ id, request }: Envelope) => {
  queue = queue.then(async () => {
    let reply: Reply;
    try {
      reply = { id, ok: true, answer: await answer(request) };
    } catch (error) {
      reply = { id, ok: false, message: error instanceof Error ? error.message : String(error) };
    }
    parentPort!.postMessage(reply, transferable(reply));
  });
});
