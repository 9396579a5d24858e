/** What tables of broken files share. */

export interface BrokenCase {
  readonly name: string;
  /** Makes the broken files in an empty folder and gives the words of the command; its output is `<folder>/out`. */
  make(folder: string): string[];
}

export const DEEP = '['.repeat(9000) + ']'.repeat(9000);
export const PAGE = '<!DOCTYPE html><html><head><title>Sign in</title></head></html>';
export const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 68328\n';
export const ZIP = Buffer.from('504b0304140000000800', 'hex');

/** Commands that open a model, in turn. */
export const OPENERS: readonly ((model: string, text: string, out: string) => string[])[] = [
  (model, text, out) => ['probe', model, '--data', text, '--out', out, '--ranks', '2', '--batches', '2'],
  (model, text, out) => ['train', model, '--data', text, '--out', out, '--steps', '1', '--rank', '2'],
  (model, text) => ['eval', model, '--data', text],
  (model) => ['generate', model, '--prompt', 'a', '--max-tokens', '1'],
];

export type Change = readonly [name: string, change: (folder: string) => unknown];

export function withFloat(bytes: Buffer, at: number, value: number): Buffer {
  bytes.writeFloatLE(value, at);
  return bytes;
}
