/** Tokens and their loss mask, in arrays that grow as they are needed. */
export class GrowingSequences {
  length = 0;
  private ids = new Int32Array(4096);
  private mask = new Uint8Array(4096);

  /** Appends tokens; of all that belong together this is number `from` on, and `prompt` of them are no targets. */
  push(ids: ArrayLike<number>, from: number, prompt: number): void {
    this.reserve(ids.length);
    this.ids.set(ids, this.length);
    const masked = Math.min(ids.length, Math.max(0, prompt - from));
    this.mask.fill(1, this.length + masked, this.length + ids.length);
    this.length += ids.length;
  }

  /** Appends `count` times the token, never a target. */
  pad(token: number, count: number): void {
    this.reserve(count);
    this.ids.fill(token, this.length, this.length + count);
    this.length += count;
  }

  /** The first `length` tokens and their mask, in memory of their own size. */
  take(length: number): { tokens: Int32Array; lossMask: Uint8Array } {
    return { tokens: this.ids.slice(0, length), lossMask: this.mask.slice(0, length) };
  }

  private reserve(more: number): void {
    if (this.length + more <= this.ids.length) return;
    const size = Math.max(this.length + more, Math.ceil(this.ids.length * 1.5));
    const [ids, mask] = [new Int32Array(size), new Uint8Array(size)];
    ids.set(this.ids.subarray(0, this.length));
    mask.set(this.mask.subarray(0, this.length));
    [this.ids, this.mask] = [ids, mask];
  }
}
