import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createRng } from '../numeric/index.ts';
import { SequenceStore } from './sequence-store.ts';

const seqLen = 1000;
const rowAt = (index: number) =>
  Int32Array.from({ length: seqLen }, (_, i) => {
    const id = (index * 7919 + i * 31) % 50_000;
    return (index + i) % 3 === 0 ? ~id : id;
  });

describe('sequences in a file', () => {
  it('are those that would be in memory, and leave no file behind', () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith(`rankscope-${process.pid}-`));
    // Blocks of a million tokens: one in memory at most, then five, of which the last is not full.
    const stores = [new SequenceStore(seqLen, 1), new SequenceStore(seqLen)];
    const count = 4 * 1048 + 300;
    for (let index = 0; index < count; index++) for (const store of stores) store.append(rowAt(index));
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`rankscope-${process.pid}-`))).toEqual(
      before,
    );
    const rng = createRng(1);
    for (const index of [
      0,
      1047,
      1048,
      count - 301,
      count - 300,
      count - 1,
      ...Array.from({ length: 50 }, () => rng.integer(count)),
    ]) {
      for (const store of stores) {
        const tokens = new Int32Array(seqLen + 1);
        const lossMask = new Uint8Array(seqLen + 1);
        store.read(index, tokens, lossMask, 1);
        expect([...tokens.subarray(1)].map((id, i) => (lossMask[i + 1] === 1 ? ~id : id))).toEqual([
          ...rowAt(index),
        ]);
      }
    }
    const [inFile, inMemory] = stores.map((store) => store.sha256());
    expect(inFile).toBe(inMemory);
    const rows = Array.from({ length: count }, (_, index) => rowAt(index));
    const hash = createHash('sha256').update(`${seqLen} `);
    for (const row of rows) hash.update(new Uint8Array(row.map((id) => (id < 0 ? ~id : id)).buffer));
    for (const row of rows) hash.update(Uint8Array.from(row, (id) => (id < 0 ? 1 : 0)));
    expect(inFile).toBe(hash.digest('hex'));
  });
});
