/** A graph as an ONNX model: protobuf bytes without weights, which stay in their files. */
import { parse, relative } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_SequenceSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { InvariantError } from '../../errors/index.ts';
import type {
  AttributeValue,
  Emission,
  ExternalData,
  Graph,
  Node,
  Value,
  ValueType,
} from '../../graph/index.ts';
import { type DType, int64, type Tensor } from '../../numeric/index.ts';

const OPSET = 20n;
const IR_VERSION = 10n;
const ELEMENT_TYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/** External data must lie below one folder, and weights, caches and frames may lie anywhere. */
const ROOT = parse(process.cwd()).root;

/**
 * An output that is no tensor. The runtime's binding copies every output that it returns, also those that were given to
 * it to be written, one after the other, and refuses what is no tensor: as the first of all this ends the call when
 * everything is written and nothing is copied.
 */
export const END = 'end of the run';

/** What the runtime needs to make a session. */
export interface EncodedModel {
  readonly bytes: Uint8Array;
  /** Folder that external data is looked up in. */
  readonly folder: string;
}

/**
 * Encodes the nodes that the outputs depend on, and tells which parts of files the runtime will map.
 *
 * @param guarded keep a runtime that rearranges weights from doing so with float32 ones, which it would copy.
 * @param ended begin the outputs with {@link END}.
 * @param lower puts an op's emission into a provider's words.
 */
export function encodeModel(
  graph: Graph,
  guarded = false,
  ended = false,
  lower: Lowering = (emission) => [emission],
): EncodedModel & { readonly external: readonly ExternalData[] } {
  const encoder = new Encoder(graph, guarded, ended, lower);
  const bytes = toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: 'rankscope',
      opsetImport: [
        create(OperatorSetIdProtoSchema, { domain: '', version: OPSET }),
        create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }),
      ],
      graph: encoder.graphProto(),
    }),
  );
  return { bytes, folder: ROOT, external: encoder.external };
}

/** One emission for all outputs of a node, or one for each. */
export type Lowering = (emission: Emission) => readonly Emission[];

class Encoder {
  readonly external: ExternalData[] = [];
  private readonly graph: Graph;
  private readonly live = new Set<Node>();
  private readonly names = new Map<Value, string>();
  private readonly initializers = new Map<string, ReturnType<typeof create<typeof TensorProtoSchema>>>();
  private readonly nodes: ReturnType<typeof create<typeof NodeProtoSchema>>[] = [];
  private readonly guarded: boolean;
  private readonly ended: boolean;
  private readonly lower: Lowering;

  constructor(graph: Graph, guarded: boolean, ended: boolean, lower: Lowering) {
    this.graph = graph;
    this.guarded = guarded;
    this.ended = ended;
    this.lower = lower;
  }

  graphProto() {
    const outputs = [...this.graph.outputs];
    const live = this.graph.liveNodes();
    for (const node of live) this.live.add(node);
    for (const [name, value] of this.graph.inputs) this.names.set(value, name);
    // An Identity that renames an output would be a full copy, so the producer takes the output's name.
    for (const [name, value] of outputs) {
      if (value.source.kind === 'node' && !this.names.has(value)) this.names.set(value, name);
    }
    for (const node of live) {
      const names = node.outputs.map((output) =>
        (this.awaited(output).length > 0 ? early : String)(this.nameOf(output)),
      );
      const emissions = this.lower(node.op.emit(node, node.attributes));
      for (const [index, emission] of emissions.entries())
        this.emit(emission, emissions.length === 1 ? names : [names[index]!]);
    }
    for (const value of live.flatMap(({ outputs: made }) => made)) this.awaitEarlier(value);
    for (const [name, value] of outputs) {
      if (this.nameOf(value) !== name) this.node('Identity', [this.nameOf(value)], [name], '', {});
    }
    const ends = this.ended ? [endInfo()] : [];
    if (this.ended) this.node('SequenceEmpty', [], [END], '', {});
    return create(GraphProtoSchema, {
      name: 'graph',
      node: this.nodes,
      initializer: [...this.initializers.values()],
      input: [...this.graph.inputs].map(([name, value]) => valueInfo(name, value)),
      output: [...ends, ...outputs.map(([name, value]) => valueInfo(name, value))],
    });
  }

  /** Writes the nodes of an emission, the last of which makes `outputs`. */
  private emit({ type, inputs, domain, attributes = {} }: Emission, outputs: string[]): void {
    const names = inputs.map((input, index) => {
      if ('graph' in input) return this.nameOf(input);
      if ('data' in input) return this.literal(input);
      const name = `${outputs[0]}:${index}`;
      this.emit(input, [name]);
      return name;
    });
    this.node(type, names, outputs, domain ?? '', attributes);
  }

  /** What must be evaluated before a value is used: only what is evaluated at all. */
  private awaited(value: Value): Value[] {
    return value.graph
      .evaluatedBefore(value)
      .filter(({ source }) => source.kind === 'node' && this.live.has(source.node));
  }

  /**
   * The runtime orders nodes by their inputs alone. So the value goes through a Reshape to its own shape, which
   * copies nothing, and that shape is the joint of itself and no elements of the shapes of what comes earlier.
   */
  private awaitEarlier(value: Value): void {
    const awaited = this.awaited(value);
    if (awaited.length === 0) return;
    const name = this.nameOf(value);
    const nothing = awaited.map((_, index) => `${name}:nothing${index}`);
    awaited.forEach((other, index) => {
      this.node('Shape', [this.nameOf(other)], [nothing[index]!], '', { start: 0, end: 0 });
    });
    this.node('Concat', [...nothing, this.shapeOf(value)], [`${name}:shape`], '', { axis: 0 });
    this.node('Reshape', [early(name), `${name}:shape`], [name], '', {});
  }

  private node(
    opType: string,
    input: string[],
    output: string[],
    domain: string,
    attributes: Readonly<Record<string, AttributeValue>>,
  ): void {
    const attribute = Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value));
    this.nodes.push(create(NodeProtoSchema, { opType, input, output, domain, attribute }));
  }

  private nameOf(value: Value): string {
    const known = this.names.get(value);
    if (known !== undefined) return known;
    const name = `v${value.id}`;
    this.names.set(value, name);
    if (value.source.kind === 'constant') this.store(name, value.source.tensor);
    if (value.source.kind === 'external') {
      // Behind a Reshape to its own shape, which copies nothing, a weight is no constant and stays in its file.
      const guarded = this.guarded && value.dtype === 'float32' && value.shape.length === 2;
      this.storeExternal(guarded ? `${name}:file` : name, value, value.source.data);
      if (guarded) this.node('Reshape', [`${name}:file`, this.shapeOf(value)], [name], '', {});
    }
    return name;
  }

  private shapeOf({ shape }: ValueType): string {
    return this.literal(int64([shape.length], shape));
  }

  /** A small tensor that an emission carries (axes, shapes): one initializer per content. */
  private literal(tensor: Tensor): string {
    const name = `literal:${tensor.dtype}:${tensor.shape}:${tensor.data}`;
    if (!this.initializers.has(name)) this.store(name, tensor);
    return name;
  }

  private store(name: string, tensor: Tensor): void {
    const { buffer, byteOffset, byteLength } = tensor.data;
    this.put(name, tensor, { rawData: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) });
  }

  private storeExternal(name: string, type: ValueType, data: ExternalData): void {
    this.external.push(data);
    const entries = { location: relative(ROOT, data.path), offset: data.offset, length: data.length };
    this.put(name, type, {
      dataLocation: DataLocation.EXTERNAL,
      externalData: Object.entries(entries).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value: String(value) }),
      ),
    });
  }

  private put(name: string, type: ValueType, content: object): void {
    const dims = type.shape.map(BigInt);
    const dataType = ELEMENT_TYPE[type.dtype];
    this.initializers.set(name, create(TensorProtoSchema, { name, dims, dataType, ...content }));
  }
}

/** Name of a value before what must be evaluated earlier is there. */
const early = (name: string): string => `${name}:early`;

/** An empty sequence of float32 tensors. */
function endInfo() {
  const elemType = create(TypeProtoSchema, {
    value: { case: 'tensorType', value: create(TypeProto_TensorSchema, { elemType: ELEMENT_TYPE.float32 }) },
  });
  const value = create(TypeProto_SequenceSchema, { elemType });
  return create(ValueInfoProtoSchema, {
    name: END,
    type: create(TypeProtoSchema, { value: { case: 'sequenceType', value } }),
  });
}

function valueInfo(name: string, { dtype, shape }: ValueType) {
  const dim = shape.map((extent) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(extent) } }),
  );
  const value = create(TypeProto_TensorSchema, {
    elemType: ELEMENT_TYPE[dtype],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value } }),
  });
}

function encodeAttribute(name: string, value: AttributeValue) {
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw new InvariantError(`attribute ${name}: mark the float ${value}`);
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  if ('float' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: [...value].map(BigInt) });
}
