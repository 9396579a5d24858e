/** Messages between the main thread and the engine's thread. */
import type { ValueType } from '../../graph/index.ts';
import type { Matrix, Tensor } from '../../numeric/index.ts';
import type { EncodedModel } from './encode.ts';

/** What computes: the processor, or a GPU by way of WebGPU. */
export type Device = 'cpu' | 'webgpu';

export interface SessionSettings {
  readonly device: Device;
  readonly threads: number;
  /** Let the runtime keep a second, rearranged copy of constant weights: faster runs, twice the memory. */
  readonly prepack: boolean;
  /** Give back the memory of a run when it ends. */
  readonly frugal: boolean;
  /** Beginning of the path of the file that says what each op took. */
  readonly profile?: string;
}

/** A tensor that lives in the engine's thread, by number. */
export interface ResidentPlace {
  readonly resident: number;
}

export type Request =
  | { readonly kind: 'load'; readonly model: EncodedModel; readonly settings: SessionSettings }
  | {
      readonly kind: 'run';
      readonly session: number;
      readonly inputs: Readonly<Record<string, Tensor | ResidentPlace>>;
      readonly into: Readonly<Record<string, ResidentPlace>>;
    }
  | { readonly kind: 'keep'; readonly value: ValueType | Tensor }
  | { readonly kind: 'read'; readonly resident: number }
  | { readonly kind: 'forget'; readonly resident: number }
  | { readonly kind: 'release'; readonly session: number }
  | {
      readonly kind: 'matmul';
      readonly a: Matrix;
      readonly b: Matrix;
      readonly transposeA: boolean;
      readonly transposeB: boolean;
      readonly threads: number;
    };

/** What each kind of request is answered with. */
export interface Answers {
  load: number;
  run: Record<string, Tensor>;
  keep: number;
  read: Tensor;
  forget: null;
  release: null;
  matmul: Matrix;
}

export interface Envelope {
  readonly id: number;
  readonly request: Request;
}

export type Reply = { readonly id: number } & (
  | { readonly ok: true; readonly answer: Answers[keyof Answers] }
  | { readonly ok: false; readonly message: string }
);
