/** How much of an adapter's change the stored type of a merged model rounds away. */
import { decode, type HalfTensor } from '../../checkpoint/index.ts';
import type { Tensor } from '../../numeric/index.ts';

/** Shares of ‖ΔW‖: ‖stored − (W + ΔW)‖ / ‖ΔW‖ in Frobenius norms; 1 where all of ΔW is gone. */
export interface Rounding {
  /** Over all layers with an adapter together. */
  readonly overall: number;
  readonly worst: { readonly layer: string; readonly share: number };
}

/** Adds up over layers; those whose ΔW is zero do not count. */
export class RoundingSum {
  private lost = 0;
  private change = 0;
  private worst: Rounding['worst'] | undefined;

  /** @param base W, @param merged W + ΔW, both float32; @param stored what the file holds of the latter. */
  add(layer: string, base: Float32Array, merged: Float32Array, stored: Tensor | HalfTensor): void {
    const written = valuesOf(layer, stored);
    let lost = 0;
    let change = 0;
    for (let i = 0; i < merged.length; i++) {
      change += (merged[i]! - base[i]!) ** 2;
      lost += (written[i]! - merged[i]!) ** 2;
    }
    if (change === 0) return;
    this.lost += lost;
    this.change += change;
    const share = Math.sqrt(lost / change);
    if (share > (this.worst?.share ?? -1)) this.worst = { layer, share };
  }

  /** Null when nothing was changed. */
  get result(): Rounding | null {
    return this.worst === undefined
      ? null
      : { overall: Math.sqrt(this.lost / this.change), worst: this.worst };
  }
}

function valuesOf(name: string, { dtype, data }: Tensor | HalfTensor): Float32Array {
  if (dtype !== 'F16' && dtype !== 'BF16') return data as Float32Array;
  return decode({ name, dtype, path: '' }, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
