/** Tokens and their loss mask, kept as they come until it is known how many there are. */
export class GrowingSequences {
  length = 0;
  /** Tokens, and from which of them on they are targets. */
  private readonly pieces: { readonly ids: ArrayLike<number>; readonly targetsFrom: number }[] = [];

  /** Appends tokens; of all that belong together this is number `from` on, and `prompt` of them are no targets. */
  push(ids: ArrayLike<number>, from: number, prompt: number): void {
    this.pieces.push({ ids, targetsFrom: Math.min(ids.length, Math.max(0, prompt - from)) });
    this.length += ids.length;
  }

  /** Appends `count` times the token, never a target. */
  pad(token: number, count: number): void {
    if (count > 0) this.push(new Int32Array(count).fill(token), 0, count);
  }

  /** The first `length` tokens and their mask. Nothing is kept here. */
  take(length: number): { tokens: Int32Array; lossMask: Uint8Array } {
    const tokens = new Int32Array(length);
    const lossMask = new Uint8Array(length);
    let at = 0;
    for (const { ids, targetsFrom } of this.pieces.splice(0)) {
      const kept = Math.min(ids.length, length - at);
      tokens.set(kept === ids.length ? ids : Array.from(ids).slice(0, kept), at);
      lossMask.fill(1, Math.min(at + targetsFrom, length), at + kept);
      at += kept;
      if (at === length) break;
    }
    this.length = 0;
    return { tokens, lossMask };
  }
}
