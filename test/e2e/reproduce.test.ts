/** `rankscope reproduce` as a person runs it. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readReproductionRecord } from '../../src/record/index.ts';
import { makeWorkingFolder, runCli } from './run-cli.ts';

const cwd = makeWorkingFolder();
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const reproduce = (...args: string[]) => runCli(['reproduce', ...args], { cwd });

describe('a small run', () => {
  it('says what is ahead, leaves records and pages, and has nothing to do a second time', async () => {
    const args = ['paper84-64v32', '--quick', '--out', 'runs/first'];
    const { code, stdout, stderr } = await reproduce(...args);
    expect(stderr).toMatch(/^1 experiment in runs\/first: about \d+ to run, /);
    expect(code).toBe(0);
    expect(stdout).toContain('paper84-64v32/beats');
    const directory = join(cwd, 'runs/first');
    const record = readReproductionRecord(directory);
    expect(record).toMatchObject({ status: 'complete', quick: true });
    expect(record.claims.map(({ id, setting }) => [id, setting])).toEqual([
      ['paper84-64v32/beats', 'random-start'],
      ['paper84-64v32/by-0.697', 'random-start'],
      ['paper84-64v32/beats', 'pretrained'],
      ['paper84-64v32/by-0.697', 'pretrained'],
    ]);
    for (const { estimate } of record.claims) expect(estimate).not.toBeNull();
    for (const file of ['claims.json', 'report.html', 'report.md', 'experiments/paper84-64v32.html'])
      expect(existsSync(join(directory, file)), file).toBe(true);

    const trials = readFileSync(join(directory, 'trials.jsonl'), 'utf8');
    const again = await reproduce(...args);
    expect(again.stderr).toContain('nothing to run');
    expect(readFileSync(join(directory, 'trials.jsonl'), 'utf8')).toBe(trials);
    expect(readReproductionRecord(directory).claims).toEqual(record.claims);

    const shown = await runCli(['report', 'runs/first'], { cwd });
    expect(shown.stdout).toBe(again.stdout.slice(0, again.stdout.indexOf('\nreport: ')));
  }, 120_000);
});

describe('what it says', () => {
  it('lists experiments with their claims', async () => {
    const { code, stdout } = await reproduce('--list');
    expect(code).toBe(0);
    expect(stdout).toContain('paper87-a: ');
    expect(stdout).toContain('isotropy/formal (M7): ');
  });

  it.each([
    ['an experiment that is not there', ['paper99'], 'there is no experiment of that name'],
    ['a model without a text', ['fixed-k', '--model', 'model.gguf'], 'there is no text to train on'],
    [
      'an experiment for the bundled model',
      ['paper84-64v32', '--model', 'm.gguf', '--data', 'text.txt'],
      'none of these experiments is made for a model of your own',
    ],
    ['no processes', ['all', '--jobs', '0'], '--jobs has a value that it cannot take'],
  ])('tells of %s', async (_, args, message) => {
    const { code, stderr, stdout } = await reproduce(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
  });
});
