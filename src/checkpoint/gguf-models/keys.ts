/** The keys of an architecture in a GGUF header: those that are computed with, and what to make of all others. */
import { someOf } from '../../errors/index.ts';
import type { GgufMetadata } from '../gguf-metadata.ts';
import { unsupportedFeature } from '../unsupported-feature.ts';

/**
 * Keys that llama.cpp computes with and this program doesn't, each with the value at which it changes nothing (tried with
 * llama.cpp: it leaves windows, soft-capping and multipliers out where an architecture does not have them).
 */
const NEUTRAL: ReadonlyMap<string, number> = new Map([
  ['attention.causal', 1],
  ['expert_count', 0],
  ['expert_used_count', 0],
  ['rope.scaling.attn_factor', 1],
  ['rope.scaling.yarn_attn_factor', 1],
  ['rope.scaling.yarn_beta_fast', 32],
  ['rope.scaling.yarn_beta_slow', 1],
  ['rope.scaling.yarn_ext_factor', 1],
]);

/** Keys that say nothing about numbers: where the model comes from, and what only other scalings than ours read. */
const HARMLESS: ReadonlySet<string> = new Set([
  'pooling_type',
  'rope.scaling.finetuned',
  'rope.scaling.original_context_length',
  'tensor_data_layout',
]);

export class GgufKeys {
  readonly path: string;
  private readonly prefix: string;
  private readonly metadata: GgufMetadata;
  private readonly read = new Set<string>();

  constructor(path: string, metadata: GgufMetadata, architecture: string) {
    this.path = path;
    this.metadata = metadata;
    this.prefix = `${architecture}.`;
  }

  /** A text; read from then on, as are those of the methods below. Throws {@link UserError} `gguf-invalid`, as they do. */
  string(key: string): string | undefined {
    return this.metadata.string(this.full(key));
  }

  boolean(key: string, otherwise: boolean): boolean {
    return this.metadata.boolean(this.full(key)) ?? otherwise;
  }

  number(key: string, otherwise?: number): number {
    const full = this.full(key);
    return this.required(full, this.metadata.number(full) ?? otherwise);
  }

  /** A whole number; one for each layer counts when they are all the same. */
  integer(key: string, otherwise?: number): number {
    const full = this.full(key);
    const entry = this.metadata.entry(full);
    if (entry?.type.startsWith('array') !== true)
      return this.required(full, this.metadata.integer(full) ?? otherwise);
    const [first, ...others] = new Set(this.metadata.integers(full));
    if (first === undefined || others.length > 0) throw unsupportedFeature(this.path, `${full} by layer`);
    return first;
  }

  /** Refuses any other number under this key. Throws {@link UserError} `gguf-unsupported`. */
  expect(key: string, only: number): void {
    const value = this.number(key, only);
    if (value !== only) throw unsupportedFeature(this.path, `${this.prefix}${key} = ${value}, not ${only}`);
  }

  /**
   * Sentences about keys that were not read. Throws {@link UserError} `gguf-unsupported` for one that changes what
   * llama.cpp computes.
   */
  describeRest(): string[] {
    const idle: string[] = [];
    for (const name of this.metadata.keys()) {
      const key = name.slice(this.prefix.length);
      if (!name.startsWith(this.prefix) || this.read.has(key) || HARMLESS.has(key)) continue;
      const { value } = this.metadata.entry(name)!;
      const neutral = NEUTRAL.get(key);
      if (Number(value) === (neutral ?? 0)) continue;
      const said = `${name} = ${typeof value === 'object' ? `a list of ${value.length}` : value}`;
      if (neutral !== undefined) throw unsupportedFeature(this.path, said);
      idle.push(said);
    }
    if (idle.length === 0) return [];
    return [
      `The header says ${someOf(idle)}, which is not computed: llama.cpp does not read it for this architecture either.`,
    ];
  }

  private full(key: string): string {
    this.read.add(key);
    return this.prefix + key;
  }

  private required(full: string, value: number | undefined): number {
    if (value !== undefined) return value;
    throw this.metadata.missing(full, 'a number');
  }
}
