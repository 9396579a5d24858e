import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readDocuments } from './text.ts';

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
    expect((await read('a.jsonl', lines.join('\n'))).documents).toEqual(expected);
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
    ['a.jsonl', '"text"', 'text-invalid', /line 1 is not an object/],
    ['a.json', '{"text": "a"}', 'text-invalid', /the file is not a list/],
    ['a.json', '[{"text": "a"}, {"text": 1}]', 'text-invalid', /entry 2 has no text.*text \(number\)/s],
    ['a.txt', ' \n', 'text-empty', /holds no text.*2 bytes/s],
    ['a.jsonl', '{"text": ""}', 'text-empty', /holds no text/],
    ['a.txt', Uint8Array.of(0x66, 0xfc, 0x72), 'text-not-utf8', /not a UTF-8 text/],
  ])('refuses %s with %j', async (name, content, code, message) => {
    await expect(read(name, content)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('says that a file is missing', async () => {
    await expect(readDocuments(join(folder, 'missing.txt'))).rejects.toMatchObject({
      code: 'text-not-found',
    });
  });
});
