import { describe, expect, it } from 'vitest';
import { UserError } from './index.ts';

describe('the message of a UserError', () => {
  it('is the parts as they are', () => {
    const error = new UserError('some-code', {
      what: 'It is “naïve”.',
      got: '1',
      expected: '2',
      fix: 'add 1',
    });
    expect(error.message).toBe('It is “naïve”.\n  got:      1\n  expected: 2\n  to do:    add 1');
    expect(new UserError('some-code', { what: 'It.', got: ['a', 'b'] }).message).toBe(
      'It.\n  got:      a\n            b',
    );
  });

  it.each(['x', 'ü', '日', '😀', '\u0007', '\ud800'])(
    'stays under 2 kB and shows both ends, whatever the parts hold: %j',
    (character) => {
      const long = `begin ${character.repeat(5_000_000)} end`;
      const error = new UserError('some-code', { what: long, got: long, expected: long, fix: long });
      expect(Buffer.byteLength(error.message)).toBeLessThan(2000);
      expect(error.message.split('\n')).toHaveLength(4);
      expect(error.message).toMatch(/^begin .*\(5000010 characters|^begin .*\(10000010 characters/u);
      expect(error.message.endsWith(' end')).toBe(true);
      const lines = Array.from({ length: 10_000 }, () => long.slice(0, 1000));
      const list = new UserError('some-code', { what: long, got: lines, expected: long, fix: long });
      expect(Buffer.byteLength(list.message)).toBeLessThan(2000);
      expect(list.message).toMatch(/… 99\d\d more lines/);
    },
  );

  it('moves no cursor and adds no lines', () => {
    const name = '\u001b[2Jname\n  to do:    run this\r\t\u202e\u009b\u2028';
    const { message } = new UserError('some-code', { what: name, got: name });
    expect(message).toBe(
      ['', '  got:      ']
        .map((label) => `${label}\\u{1b}[2Jname\\n  to do:    run this\\u{d}\\t\\u{202e}\\u{9b}\\u{2028}`)
        .join('\n'),
    );
  });
});
