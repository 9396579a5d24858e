/** Token sequences of one length, in memory while they are few and in a temporary file when they are many. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder, removeTemporaryFolder, tellWriteErrors } from '../files/index.ts';

/** Tokens in a block, the unit of what is kept, written and hashed: 4 MB. */
const BLOCK = 2 ** 20;

/** Blocks that stay in memory; with one more, all of them move to a file. */
const BLOCKS_IN_MEMORY = 8;

/** Frees the file of a store that nothing refers to any more. Its name is gone since it was opened. */
const files = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/**
 * Rows of `seqLen` tokens, appended and then read by number. A token is kept as its id, or as ~id where it is a target,
 * so that a row costs 4 bytes per token and, beyond {@link BLOCKS_IN_MEMORY} blocks, no memory.
 */
export class SequenceStore {
  count = 0;
  readonly seqLen: number;
  private readonly rowsPerBlock: number;
  private readonly inMemory: number;
  private blocks: Int32Array[] = [];
  private descriptor: number | undefined;

  constructor(seqLen: number, inMemory = BLOCKS_IN_MEMORY) {
    this.seqLen = seqLen;
    this.inMemory = inMemory;
    this.rowsPerBlock = Math.max(1, Math.floor(BLOCK / seqLen));
  }

  /** Appends a row of ids, ~id for a target. Throws `UserError` `cannot-write`. */
  append(row: Int32Array): void {
    const place = this.count % this.rowsPerBlock;
    if (place === 0) this.addBlock();
    this.blocks.at(-1)!.set(row, place * this.seqLen);
    this.count++;
  }

  /** Puts row number `index` into `tokens` and `lossMask` from `at` on. */
  read(index: number, tokens: Int32Array, lossMask: Uint8Array, at: number): void {
    const row = this.row(index);
    for (let i = 0; i < row.length; i++) {
      const token = row[i]!;
      tokens[at + i] = token < 0 ? ~token : token;
      lossMask[at + i] = token < 0 ? 1 : 0;
    }
  }

  /** sha256 of all ids as 32-bit numbers, then of all loss masks as bytes. */
  sha256(): string {
    const hash = createHash('sha256').update(`${this.seqLen} `);
    const tokens = new Int32Array(this.rowsPerBlock * this.seqLen);
    const lossMask = new Uint8Array(tokens.length);
    for (const part of [tokens, lossMask]) {
      for (let first = 0; first < this.count; first += this.rowsPerBlock) {
        const rows = Math.min(this.rowsPerBlock, this.count - first);
        for (let row = 0; row < rows; row++) this.read(first + row, tokens, lossMask, row * this.seqLen);
        const bytes = rows * this.seqLen * part.BYTES_PER_ELEMENT;
        hash.update(new Uint8Array(part.buffer, 0, bytes));
      }
    }
    return hash.digest('hex');
  }

  private row(index: number): Int32Array {
    const block = Math.floor(index / this.rowsPerBlock) - this.blocksInFile();
    const first = (index % this.rowsPerBlock) * this.seqLen;
    if (block >= 0) return this.blocks[block]!.subarray(first, first + this.seqLen);
    const row = new Int32Array(this.seqLen);
    readSync(this.descriptor!, row, 0, row.byteLength, index * row.byteLength);
    return row;
  }

  private blocksInFile(): number {
    return this.descriptor === undefined ? 0 : Math.ceil(this.count / this.rowsPerBlock) - this.blocks.length;
  }

  private addBlock(): void {
    if (this.blocks.length === (this.descriptor === undefined ? this.inMemory : 1)) {
      this.descriptor ??= this.openFile();
      const { descriptor } = this;
      tellWriteErrors('the temporary file of token sequences (TMPDIR)', () => {
        for (const block of this.blocks) writeWhole(descriptor, new Uint8Array(block.buffer));
      });
      this.blocks = [this.blocks[0]!];
    } else {
      this.blocks.push(new Int32Array(this.rowsPerBlock * this.seqLen));
    }
  }

  /** A file without a name, which is gone with the process or with this store, whatever happens. */
  private openFile(): number {
    const folder = makeTemporaryFolder();
    try {
      const path = join(folder, 'sequences');
      const descriptor = tellWriteErrors(path, () => openSync(path, 'wx+'));
      files.register(this, descriptor);
      rmSync(path);
      return descriptor;
    } finally {
      removeTemporaryFolder(folder);
    }
  }
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
}
