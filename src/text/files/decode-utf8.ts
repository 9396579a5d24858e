/** Bytes that are UTF-8, as text. */
import { isUtf8 } from 'node:buffer';
import { UserError } from '../../errors/index.ts';
import { refuseOtherFormats, refuseZero } from './other-formats.ts';

/** What was found at the beginning of a text. */
export interface TextBeginning {
  byteOrderMark: boolean;
}

/**
 * The text of bytes, piece by piece; a byte-order mark at its beginning is left out.
 * Throws {@link UserError} `text-format`, `text-not-utf8` naming the byte.
 */
export async function* decodeUtf8(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  beginning: TextBeginning,
): AsyncGenerator<string> {
  let waiting = Buffer.alloc(0);
  let done = 0;
  for await (const chunk of chunks) {
    const bytes =
      waiting.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([waiting, chunk]);
    if (done === 0) refuseOtherFormats(path, bytes);
    refuseZero(path, bytes, done);
    const end = bytes.length - cutCharacter(bytes);
    const whole = bytes.subarray(0, end);
    if (!isUtf8(whole)) throw notUtf8(path, bytes, done);
    waiting = Buffer.from(bytes.subarray(end));
    let text = whole.toString('utf8');
    if (done === 0 && text.startsWith('\ufeff')) {
      beginning.byteOrderMark = true;
      text = text.slice(1);
    }
    if (end > 0) yield text;
    done += end;
  }
  if (waiting.length > 0) throw notUtf8(path, waiting, done);
}

/** Bytes at the end that begin a character whose others are still to come. */
function cutCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}

function notUtf8(path: string, bytes: Uint8Array, before: number): UserError {
  const at = firstInvalid(bytes);
  return new UserError('text-not-utf8', {
    what: `${path} is not a UTF-8 text.`,
    got: `the byte 0x${bytes[at]!.toString(16)} at ${before + at}`,
    fix: 'convert it to UTF-8: iconv -t utf-8',
  });
}

/** Where the first bytes begin that are no UTF-8. */
function firstInvalid(bytes: Uint8Array): number {
  const isText = (end: number) => {
    try {
      // As a stream, so that a character that `end` cuts through is no mistake.
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), {
        stream: end < bytes.length,
      });
      return true;
    } catch {
      return false;
    }
  };
  let [low, high] = [0, bytes.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (isText(middle)) low = middle;
    else high = middle;
  }
  return low;
}
