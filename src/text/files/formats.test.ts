/** The same rows in every form that a file of texts may have (`scripts/reference/make-texts.py`). */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { readDocuments } from '../documents.ts';
import type { FieldOptions } from '../fields.ts';
import { readList } from './json-entries.ts';

const reference = (name: string) =>
  fileURLToPath(new URL(`../../../test/reference/texts/${name}`, import.meta.url));
const rows = readFileSync(reference('rows.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { readonly question: string; readonly answer: string });
const expected = rows.map(({ question, answer }) => ({ prompt: question, text: answer }));

const folder = mkdtempSync(join(tmpdir(), 'formats-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const read = async (paths: string | readonly string[], options?: FieldOptions) =>
  (await readDocuments(paths, options)).documents;

describe('files of texts', () => {
  it.each(['none', 'snappy', 'gzip', 'brotli', 'lz4', 'zstd'])(
    'are read from Parquet as pyarrow packs it: %s',
    async (name) => {
      const { documents, notes } = await readDocuments(reference(`${name}.parquet`));
      expect(documents).toEqual(expected);
      expect(notes).toEqual([
        'Fields that were read: question and answer (40).',
        'Fields that were not read: chat.',
      ]);
    },
  );

  it('hold chats in columns of Parquet', async () => {
    const path = reference('zstd.parquet');
    const options = { promptField: 'answer', completionField: 'question' };
    expect((await read(path, options))[0]).toEqual({ prompt: 'Two.', text: 'What is 1 + 1?' });
    await expect(read(path, { textField: 'chat' })).rejects.toThrow(/row 1 has no string `chat`.*list/s);
    await expect(read(path, { textField: 'chats' })).rejects.toThrow(/the fields id, question, answer, chat/);
  });

  it('are unpacked from gzip and Zstandard, of several members, by Node or without it', async () => {
    expect(await read(reference('rows.jsonl.gz'))).toEqual(expected);
    expect(await read(reference('rows.jsonl.zst'))).toEqual(expected);
    // What is packed is known by its bytes, whatever its name.
    expect(await read(write('a.jsonl', gzipSync('{"text": "b"}')))).toEqual([{ text: 'b' }]);
  });

  it.each(['gz', 'zst'])('that are cut off are refused: %s', async (ending) => {
    const whole = readFileSync(reference(`rows.jsonl.${ending}`));
    const path = write(`cut.jsonl.${ending}`, whole.subarray(0, whole.length - 40));
    await expect(read(path)).rejects.toMatchObject({
      code: 'text-format',
      message: expect.stringMatching(/is damaged/),
    });
  });

  it('are tables, with quotes, separators and line ends in their fields', async () => {
    const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;
    const table = (separator: string) =>
      [
        'question,answer'.replace(',', separator),
        ...rows.map(({ question, answer }) => [question, answer].map(quoted).join(separator)),
      ].join('\r\n');
    expect(await read(write('a.csv', table(',')))).toEqual(expected);
    expect(await read(write('a.tsv', table('\t')))).toEqual(expected);
    expect(await read(write('b.csv', '\ufeffbody,label\nx,1\n\n" y ",2\n'), { textField: 'body' })).toEqual([
      { text: 'x' },
      { text: ' y ' },
    ]);
    // Quotes mean nothing within a field of TSV.
    expect(await read(write('b.tsv', 'text\tn\nso "called" one\t1\n'))).toEqual([
      { text: 'so "called" one' },
    ]);
  });

  it('are lists of JSON, however their bytes come', async () => {
    const texts = ['a', ']"[', '\\"', '{"x": [1, "]"]}', 'é🙂'];
    const list = JSON.stringify(
      texts.map((text) => ({ text, more: [{ n: 1 }, []] })),
      null,
      1,
    );
    for (const size of [1, 2, 3, 7, 1000]) {
      const pieces = (async function* () {
        for (let at = 0; at < list.length; at += size) yield list.slice(at, at + size);
      })();
      const found: unknown[] = [];
      for await (const { value } of readList('list', pieces, () => {})) found.push(value);
      expect(found.map((value) => (value as { text: string }).text)).toEqual(texts);
    }
    expect(await read(write('lines.json', '{"text": "a"}\n{"text": "b"}\n'))).toEqual([
      { text: 'a' },
      { text: 'b' },
    ]);
  });

  it('may be several, folders and patterns, none read twice', async () => {
    const place = join(folder, 'many');
    mkdirSync(join(place, 'inner'), { recursive: true });
    copyFileSync(reference('rows.jsonl'), join(place, 'inner/b.jsonl'));
    writeFileSync(join(place, 'a.txt'), 'first');
    writeFileSync(join(place, 'c.md'), 'third');
    writeFileSync(join(place, 'd.png'), '');
    const all = [{ text: 'first' }, { text: 'third' }, ...expected];
    const { documents, notes } = await readDocuments([place, join(place, 'a.txt')]);
    expect(documents).toEqual([all[0], all[1], ...expected]);
    expect(notes).toEqual([
      `Files of other kinds left aside in ${place}: 1, such as d.png.`,
      'Files named more than once, read once: 1.',
      `${join(place, 'inner/b.jsonl')}: Fields that were read: question and answer (40).`,
    ]);
    expect(await read(join(place, '*.{txt,md}'))).toEqual(all.slice(0, 2));
    expect(await read(join(place, '**/*.jsonl'))).toEqual(expected);
    await expect(read(join(place, '*.csv'))).rejects.toThrow(/No file matches/);
    rmSync(join(place, 'inner'), { recursive: true });
    rmSync(join(place, 'a.txt'));
    rmSync(join(place, 'c.md'));
    await expect(read(place)).rejects.toThrow(/holds no texts.*1 files of other kinds, such as d.png/s);
  });

  it('are no model, named in the place of a text', async () => {
    const model = fileURLToPath(new URL('../../../assets/model', import.meta.url));
    await expect(read(model)).rejects.toThrow(/is a model, not a text.*in front of/s);
  });

  it('may come by standard input', async () => {
    const input = (text: string) =>
      vi.spyOn(process, 'stdin', 'get').mockReturnValue(
        (async function* () {
          yield Buffer.from(text);
        })() as unknown as typeof process.stdin,
      );
    input('{"text": "a"}\n{"text": "b"}');
    expect(await readDocuments('-')).toMatchObject({
      documents: [{ text: 'a' }, { text: 'b' }],
      notes: ['Standard input was read as JSON lines.'],
    });
    input('plain {');
    expect(await read('-')).toEqual([{ text: 'plain {' }]);
    vi.restoreAllMocks();
  });
});
