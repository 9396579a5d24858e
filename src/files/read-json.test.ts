import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { JsonScanner } from './json-scanner.ts';
import { parseJson, readJsonFile, readJsonObject, readTextFile } from './read-json.ts';

const folder = mkdtempSync(join(tmpdir(), 'read-json-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'file.json');
const FILE = { limit: 1000, code: 'some-code', fix: 'mend it' };
const read = (content: string | Buffer) => {
  writeFileSync(path, content);
  return readJsonFile(path, FILE);
};

describe('readJsonFile', () => {
  it('reads any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
    expect(read('{"a\\"[[": ["\\\\", "]"]}')).toEqual({ 'a"[[': ['\\', ']'] });
  });

  it('refuses what is not JSON, with the code it was given', () => {
    for (const text of ['', '{', '{"a": }', '\ufeff{}', '"\\"', '[1,]', 'NaN', '{}{}']) {
      expect(() => read(text), text).toThrow(
        expect.objectContaining({
          code: 'some-code',
          message: expect.stringMatching(/file\.json is not JSON|an empty file/),
        }),
      );
    }
    expect(() => readJsonObject(path, FILE)).toThrow(/is not JSON/);
    writeFileSync(path, '[1]');
    expect(() => readJsonObject(path, FILE)).toThrow(/not a JSON object.*a list/s);
  });

  it('calls another kind of file by its name', () => {
    expect(() => read('version https://git-lfs.github.com/spec/v1\noid sha256:0\n')).toThrow(
      /Git LFS pointer/,
    );
    expect(() => read('<!DOCTYPE html>\n<html></html>')).toThrow(/a web page/);
    expect(() => read(Buffer.from('PK\u0003\u0004\u00ff\u00fe', 'latin1'))).toThrow(/a zip archive/);
    expect(() => read(Buffer.from([0xff, 0xfe, 0x7b, 0]))).toThrow(/a text in UTF-16/);
  });

  it('bounds size and depth before it builds anything', () => {
    expect(() => read(`"${'x'.repeat(999)}"`)).toThrow(/file-too-large|too large.*1001 bytes.*at most 1000/s);
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const nested = (depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
      expect(() => parseJson(nested(128))).not.toThrow();
      expect(() => parseJson(nested(129))).toThrow(/more than 128 deep/);
      expect(() => parseJson(open.repeat(1_000_000))).toThrow(SyntaxError);
    }
    expect(() => readTextFile('/dev/zero', 1000)).toThrow(/a device/);
    expect(() => readTextFile(folder, 1000)).toThrow(/a folder/);
    expect(() => readTextFile(join(folder, 'absent'), 1000)).toThrow(
      expect.objectContaining({ code: 'file-not-found' }),
    );
  });
});

describe('JsonScanner', () => {
  const scan = (text: string) => {
    const scanner = new JsonScanner(text);
    const raw = scanner.raw();
    scanner.end();
    return raw;
  };

  it('takes what JSON.parse takes, and no more', () => {
    fc.assert(fc.property(fc.json(), (text) => scan(` ${text}\n`) === text));
    const alphabet = fc.constantFrom(...'{}[],:"\\ntrue0.-e1 '.split(''));
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 12 }), (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        if (isJson && !hasKeyTwice(text)) expect(scan(text)).toBe(text.trim());
        else expect(() => scan(text)).toThrow(SyntaxError);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses a key twice at any depth, however it is written', () => {
    for (const text of ['{"a":1,"a":1}', '[{"b":{"a":1,"\\u0061":2}}]', '{"":1,"":2}']) {
      expect(() => scan(text), text).toThrow(/stands twice/);
    }
    expect(scan('{"a":{"a":[{"a":1},{"a":1}]}}')).toHaveLength(29);
  });

  it('refuses half characters and control characters in strings', () => {
    expect(() => scan('"\\ud800"')).toThrow(/half of a character/);
    expect(scan('"\\ud83d\\ude00"')).toBe('"\\ud83d\\ude00"');
    expect(() => scan('"a\u0001"')).toThrow(SyntaxError);
  });
});

/** Short texts of that alphabet have no key twice but this one. */
const hasKeyTwice = (text: string) => /\{\s*"(\w*)"\s*:[^,]*,\s*"\1"\s*:/.test(text);
