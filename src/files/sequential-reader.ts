/** Reading a file from its beginning, field by field, where every length comes from the file itself. */
import { isUtf8 } from 'node:buffer';
import { fileEnds, readExactly } from './read-range.ts';

/** Bytes that one read of the file takes when less is asked for. */
const WINDOW = 2 ** 18;

/**
 * Takes bytes off a file in order. What is asked for must be there: the bytes that are left bound every length before
 * anything is allocated, so a file cannot make its reader use more memory than it has bytes.
 */
export class SequentialReader {
  /** Bytes from the start of the file to what is taken next. */
  position = 0;
  /** Bytes of the file from `windowStart` on. A window is never written again: what `take` gave stays as it is. */
  private window: Buffer = Buffer.alloc(0);
  private windowStart = 0;
  private readonly descriptor: number;
  private readonly path: string;
  private readonly fileSize: number;

  constructor(descriptor: number, path: string, fileSize: number) {
    this.descriptor = descriptor;
    this.path = path;
    this.fileSize = fileSize;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.fileSize - this.position;
  }

  /** Throws `file-truncated` unless `count` items of at least `itemBytes` bytes can still follow. */
  require(count: number, itemBytes: number, what: string): void {
    // Rounded beyond 2⁵³, where no file ends.
    if (count * itemBytes <= this.left) return;
    throw fileEnds(this.path, this.fileSize, this.position + count * itemBytes, what);
  }

  /** The next `length` bytes. Throws `file-truncated`. */
  take(length: number, what: string): Buffer {
    this.require(length, 1, what);
    let start = this.position - this.windowStart;
    if (start + length > this.window.length) {
      const size = Math.max(length, Math.min(WINDOW, this.left));
      const bytes = readExactly(this.descriptor, this.path, this.position, size);
      this.window = Buffer.from(bytes.buffer, bytes.byteOffset, size);
      this.windowStart = this.position;
      start = 0;
    }
    this.position += length;
    return this.window.subarray(start, start + length);
  }

  /** The next `length` bytes as text, undefined when they are not UTF-8. Throws `file-truncated`. */
  takeText(length: number, what: string): string | undefined {
    const bytes = this.take(length, what);
    const text = bytes.toString('utf8');
    // Only a text with the replacement character can have come of bytes that are no UTF-8.
    return text.includes('\uFFFD') && !isUtf8(bytes) ? undefined : text;
  }
}
