/** Bytes written as one printable character each, as byte-level vocabularies do (GPT-2's `bytes_to_unicode`). */

/** Bytes whose own Latin-1 character is printable stand for themselves; the others follow from U+0100. */
const LETTERS: readonly string[] = (() => {
  let next = 0x100;
  const printable = (byte: number) =>
    (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte <= 0xff && byte !== 0xad);
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();
const BYTES = new Map(LETTERS.map((letter, byte) => [letter, byte]));
const encoder = new TextEncoder();

/** The bytes of a text in UTF-8, as letters. */
export function writeBytes(text: string): string {
  // Most words are ASCII, of which only white space and control characters are written otherwise.
  if (/^[!-~]+$/.test(text)) return text;
  let letters = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return lettersOf(encoder.encode(text));
    letters += LETTERS[unit];
  }
  return letters;
}

function lettersOf(bytes: Uint8Array): string {
  let letters = '';
  for (let i = 0; i < bytes.length; i++) letters += LETTERS[bytes[i]!];
  return letters;
}

/** The bytes that a token stands for; one that is not written in these letters stands for its own text. */
export function readBytes(token: string): Uint8Array {
  const bytes = Array.from(token, (letter) => BYTES.get(letter));
  return bytes.includes(undefined) ? encoder.encode(token) : Uint8Array.from(bytes as number[]);
}
