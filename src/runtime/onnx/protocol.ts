/** Messages between the main thread and the engine's thread. */
import type { Matrix, Tensor } from '../../numeric/index.ts';
import type { EncodedModel } from './encode.ts';

export interface SessionSettings {
  readonly threads: number;
  /** Let the runtime keep a second, rearranged copy of constant weights: faster runs, twice the memory. */
  readonly prepack: boolean;
}

export type Request =
  | { readonly kind: 'load'; readonly model: EncodedModel; readonly settings: SessionSettings }
  | { readonly kind: 'run'; readonly session: number; readonly inputs: Readonly<Record<string, Tensor>> }
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
