/** Graphs as text, for people and for golden tests. */
import type { Graph, Value, ValueType } from './graph.ts';

/** Attributes at the value at which they do nothing are not printed. */
const idle: Readonly<Record<string, unknown>> = { alpha: 1 };

/**
 * The live part of a graph as text: its inputs and weights, one line per node in order of evaluation, its outputs.
 * Node results are numbered in that order, so that the text does not depend on dead nodes; small constants stand
 * in place.
 */
export function printGraph(graph: Graph): string {
  const nodes = graph.liveNodes();
  const numbers = new Map(nodes.flatMap((node) => node.outputs).map((value, index) => [value, index]));
  const reference = (value: Value): string => {
    const { source } = value;
    if (source.kind === 'node') return `%${numbers.get(value)}`;
    if (source.kind !== 'constant') return `%${source.name}`;
    const { data, shape } = source.tensor;
    return data.length <= 4
      ? `${shape.length === 0 ? '' : `[${shape}]:`}${[...data].map(literal)}`
      : printType(value);
  };
  const used = new Set([...nodes.flatMap((node) => node.inputs), ...graph.outputs.values()]);
  const sources = [...used].flatMap((value) => {
    const { kind } = value.source;
    const word = kind === 'external' ? 'weight' : kind === 'input' ? 'input' : undefined;
    return word === undefined ? [] : [`${word} ${reference(value)}: ${printType(value)}`];
  });
  const lines = nodes.map((node) => {
    const results = node.outputs.map((output) => `${reference(output)}: ${printType(output)}`).join(', ');
    const attributes = printAttributes(node.attributes);
    return `${results} = ${node.op.name}(${node.inputs.map(reference).join(', ')})${attributes}`;
  });
  const outputs = [...graph.outputs].map(([name, value]) => `output ${name} = ${reference(value)}`);
  return `${[...sources, ...lines, ...outputs].join('\n')}\n`;
}

const printType = ({ dtype, shape }: ValueType): string => `${dtype}[${shape.join(', ')}]`;

/** Enough digits to tell constants apart; float32 has no more than nine. */
const literal = (number: number | bigint): string =>
  typeof number === 'bigint' ? `${number}` : `${Number(number.toPrecision(7))}`;

function printAttributes(attributes: unknown): string {
  const parts = Object.entries(attributes as Record<string, unknown>).flatMap(([name, value]) => {
    if (value === false || value === idle[name]) return [];
    if (value === true) return [name];
    return [`${name}=${Array.isArray(value) ? `[${value.join(', ')}]` : value}`];
  });
  return parts.length === 0 ? '' : ` {${parts.join(', ')}}`;
}
