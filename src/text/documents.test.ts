import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readDocuments } from './documents.ts';

const folder = mkdtempSync(join(tmpdir(), 'text-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(name: string, content: string | Uint8Array) {
  writeFileSync(join(folder, name), content);
  return readDocuments(join(folder, name));
}

describe('readDocuments', () => {
  it('takes plain text as one document, without its byte-order mark', async () => {
    const content = '\ufeffCall me Ishmael.\n\nÜber\n';
    expect(await read('a.txt', content)).toEqual({
      documents: [{ text: 'Call me Ishmael.\n\nÜber\n' }],
      sha256: createHash('sha256').update(content).digest('hex'),
      bytes: Buffer.byteLength(content),
      notes: ['The byte-order mark at the beginning was left out.'],
    });
  });

  it('takes one document per line of JSONL and per entry of a JSON list', async () => {
    const expected = [{ text: 'one\ntwo' }, { prompt: 'Q: 1+1?', text: ' 2' }];
    const lines = [
      '{"text": "one\\ntwo"}\r',
      '',
      '{"prompt": "Q: 1+1?", "completion": " 2"}',
      '{"text": "  "}',
    ];
    const { documents, notes } = await read('a.jsonl', lines.join('\n'));
    expect(documents).toEqual(expected);
    expect(notes).toEqual(['Documents without text were left out: 1.']);
    expect((await read('a.ndjson', lines.join('\n'))).documents).toEqual(expected);
    const entries = lines.filter((line) => line !== '').join(',');
    expect((await read('a.json', `[${entries}]`)).documents).toEqual(expected);
  });

  it.each([
    ['a.jsonl', '{"text": "a"}\n{"text": ', 'text-invalid', /line 2 is not JSON/],
    [
      'a.jsonl',
      '\n{"body": "a", "n": 1}',
      'text-invalid',
      /line 2 has no text.*body \(string\), n \(number\)/s,
    ],
    ['a.jsonl', '"text"', 'text-invalid', /line 1 is not an object.*string.*write \{"text"/s],
    ['a.jsonl', '["text"]', 'text-invalid', /line 1 is not an object.*list.*make it an object/s],
    ['a.jsonl', 'null', 'text-invalid', /line 1 is not an object.*null/s],
    ['a.jsonl', '{"prompt": "a"}', 'text-invalid', /add the field `completion` beside `prompt`/],
    [
      'a.jsonl',
      '{"prompt": "a", "completion": 1}',
      'text-invalid',
      /make `prompt` and `completion` a string/,
    ],
    ['a.jsonl', '{"text": null}', 'text-invalid', /text \(null\).*make `text` a string/s],
    ['a.jsonl', '{"messages": []}', 'text-empty', /1 document, all of them blank/],
    ['a.jsonl', '{"text": "a", "prompt": "b", "completion": "c"}', 'text-invalid', /says its text twice/],
    ['a.jsonl', '{"body": "a"}', 'text-invalid', /rename the field/],
    ['a.json', '[{"text": "a"}]\n[{"text": "b"}]', 'text-invalid', /more follows.*the ending \.jsonl/s],
    ['a.json', '[{"text": "a"}, ', 'text-invalid', /entry 2 is not JSON.*the file ends/s],
    ['a.json', '[{"text": "a"}, ]', 'text-invalid', /entry 2 is not JSON/],
    ['a.json', 'Once upon', 'text-invalid', /the ending \.txt/],
    ['a.json', '{\n"text": "a"}', 'text-invalid', /the file is not a list/],
    ['a.json', '[{"text": "a"}, {"text": 1}]', 'text-invalid', /entry 2 has no text.*text \(number\)/s],
    ['a.txt', ' \n', 'text-empty', /holds no text.*2 bytes/s],
    ['a.jsonl', '{"text": ""}', 'text-empty', /holds no text/],
    ['a.txt', Uint8Array.of(0x66, 0xfc, 0x72), 'text-not-utf8', /not a UTF-8 text.*0xfc at 1.*iconv/s],
    ['a.txt', Uint8Array.of(0x66, 0xe2, 0x82), 'text-not-utf8', /0xe2 at 1|0x82 at 2/],
    ['a.csv', 'text,text\na,1\n', 'text-invalid', /names a column twice.*"text"/s],
    ['a.csv', 'text,label\na,1\n"b,2\n', 'text-invalid', /is no row of the table/],
    ['a.csv', 'text,label\na,1,2\n', 'text-invalid', /line 2 is no row of the table/],
    ['a.parquet', 'PAR1....', 'text-format', /cannot be read as a Parquet file/],
    ['a.txt', 'PAR1....', 'text-format', /a Parquet file.*the ending \.parquet/s],
    ['a.jsonl', Uint8Array.of(0x1f, 0x8b, 8), 'text-format', /is damaged.*gzip/s],
    ['a.txt', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), 'text-format', /is damaged.*zstd/s],
    ['a.txt', 'PK\x03\x04', 'text-format', /zip/],
    ['a.txt', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'text-format', /git lfs pull/],
    ['a.txt', '%PDF-1.7', 'text-format', /a PDF.*pdftotext/s],
    ['a.txt', Uint8Array.of(0xff, 0xfe, 0x61, 0), 'text-format', /UTF-16.*iconv/s],
    ['a.txt', Buffer.from('text', 'utf16le'), 'text-format', /UTF-16 without its mark/],
    ['a.txt', 'a\0b', 'text-format', /byte of 0 at 1/],
  ])('refuses %s with %j', async (name, content, code, message) => {
    await expect(read(name, content)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it.skipIf(process.platform === 'win32')('does not read what has no end', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const refused = (got: string) =>
      expect.objectContaining({ code: 'text-not-found', message: expect.stringContaining(got) });
    await expect(readDocuments(join(folder, 'pipe'))).rejects.toEqual(refused('a pipe'));
    await expect(readDocuments('/dev/zero')).rejects.toEqual(refused('a device'));
  });

  it('says that a file is missing', async () => {
    await expect(readDocuments(join(folder, 'missing.txt'))).rejects.toMatchObject({
      code: 'text-not-found',
    });
  });
});
