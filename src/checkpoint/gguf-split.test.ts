import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { GGUF_FOLDER } from '../../test/support/gguf-architectures.ts';
import { openCheckpoint } from './checkpoint.ts';

const base = mkdtempSync(join(tmpdir(), 'gguf-split-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const part = (number: number) => `qwen3-0000${number}-of-00004.gguf`;

/** A folder with these parts under these names; `link` makes links, as the hub's cache does. */
function folderOf(
  parts: Readonly<Record<string, number>>,
  put: typeof copyFileSync | typeof symlinkSync,
): string {
  const folder = mkdtempSync(join(base, 'parts-'));
  for (const [name, number] of Object.entries(parts))
    put(join(GGUF_FOLDER, part(number)), join(folder, name));
  return folder;
}
const WHOLE = { [part(1)]: 1, [part(2)]: 2, [part(3)]: 3, [part(4)]: 4 };

it('is opened by its first part, also through links', async () => {
  const folder = folderOf(WHOLE, symlinkSync);
  const checkpoint = await openCheckpoint(join(folder, part(1)));
  expect(checkpoint.files).toHaveLength(4);
  expect(checkpoint.weights.size).toBe(25);
});

it.each<[string, Record<string, number>, string, RegExp]>([
  ['another part is named', WHOLE, part(2), /part 2 of 4[\s\S]*name qwen3-00001-of-00004\.gguf/],
  ['the name is lost', { ...WHOLE, 'model.gguf': 1 }, 'model.gguf', /give the parts their names back/],
  ['a part is missing', { [part(1)]: 1, [part(2)]: 2, [part(4)]: 4 }, part(1), /no qwen3-00003-of-00004/],
  ['parts are mixed up', { ...WHOLE, [part(2)]: 3, [part(3)]: 2 }, part(1), /split\.no 2 and split\.count 4/],
])('is refused when %s', async (_, parts, named, message) => {
  const folder = folderOf(parts, copyFileSync);
  await expect(openCheckpoint(join(folder, named))).rejects.toMatchObject({
    code: 'model-incomplete',
    message: expect.stringMatching(message),
  });
});
