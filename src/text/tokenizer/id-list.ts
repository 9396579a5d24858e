/** Ids in lists of bounded length: one list of a long text's ids would be larger than an array can be. */
const LENGTH = 8192;

export class IdList {
  private readonly full: Int32Array[] = [];
  private current = new Int32Array(16);
  private used = 0;

  push(id: number): void {
    if (this.used === this.current.length) this.grow();
    this.current[this.used++] = id;
  }

  pushAll(ids: ArrayLike<number>): void {
    for (let i = 0; i < ids.length; i++) this.push(ids[i]!);
  }

  /** The lists; together they are everything that was pushed. */
  lists(): readonly Int32Array[] {
    return [...this.full, this.current.subarray(0, this.used)];
  }

  private grow(): void {
    if (this.used < LENGTH) {
      // A short text should not take the memory of a long one.
      const larger = new Int32Array(Math.min(LENGTH, 4 * this.used));
      larger.set(this.current);
      this.current = larger;
    } else {
      this.full.push(this.current);
      this.current = new Int32Array(LENGTH);
      this.used = 0;
    }
  }
}
