import { CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { UserError } from '../errors/index.ts';
import { exitCodeFor } from './report-error.ts';

function report(error: unknown) {
  let text = '';
  const code = exitCodeFor(error, {
    write: (part) => {
      text += part;
    },
  });
  return { code, text };
}

it('gives each ending its exit code and its words', () => {
  const mistake = new UserError('text-empty', { what: 'no text', fix: 'write some' });
  expect(report(mistake)).toEqual({ code: 2, text: 'error: no text\n  to do:    write some\n' });
  expect(report(new UserError('stopped', { what: 'stopped' }))).toEqual({ code: 130, text: 'stopped\n' });
  expect(report(new CommanderError(1, 'commander.unknownOption', 'x'))).toEqual({ code: 2, text: '' });
  expect(report(new CommanderError(0, 'commander.version', 'x'))).toEqual({ code: 0, text: '' });
  const defect = report(new TypeError('x is undefined'));
  expect(defect.code).toBe(1);
  expect(defect.text).toMatch(/TypeError: x is undefined\n +at [\s\S]*This is a defect of RankScope/);
  expect(report('a string').text).toMatch(/^a string\n/);
});
