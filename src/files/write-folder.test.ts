import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeFolderAtomically } from './write-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'folder-'));
afterAll(() => rmSync(root, { recursive: true }));
const fill = (folder: string) => writeFile(join(folder, 'file'), 'new');

describe('a folder that is written whole or not at all', () => {
  it.each([
    ['where nothing is', () => {}],
    ['where an empty folder is', (path: string) => mkdirSync(path, { recursive: true })],
  ])('appears %s', async (name, prepare) => {
    const path = join(root, name, 'deep', 'folder');
    prepare(path);
    await writeFolderAtomically(path, async (folder) => {
      await fill(folder);
      expect(readdirSync(join(path, '..')).filter((entry) => !entry.startsWith('.'))).toEqual(
        name === 'where nothing is' ? [] : ['folder'],
      );
    });
    expect(readFileSync(join(path, 'file'), 'utf8')).toBe('new');
    expect(readdirSync(join(path, '..'))).toEqual(['folder']);
  });

  it('leaves a folder with files, and a file, as they are', async () => {
    const path = join(root, 'mine');
    mkdirSync(path);
    writeFileSync(join(path, 'file'), 'old');
    for (const taken of [path, join(path, 'file')]) {
      await expect(writeFolderAtomically(taken, fill)).rejects.toMatchObject({ code: 'output-exists' });
    }
    expect(readFileSync(join(path, 'file'), 'utf8')).toBe('old');
  });

  it('leaves nothing when writing fails', async () => {
    const path = join(root, 'failed');
    const failing = async (folder: string) => {
      await fill(folder);
      throw new Error('no more');
    };
    await expect(writeFolderAtomically(path, failing)).rejects.toThrow('no more');
    expect(readdirSync(root).filter((name) => name.includes('failed'))).toEqual([]);
  });

  it('says so where no folder can be made', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    await expect(writeFolderAtomically(join(file, 'folder'), fill)).rejects.toMatchObject({
      code: 'cannot-write',
    });
  });
});
