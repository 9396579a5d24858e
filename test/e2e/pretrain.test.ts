/** `rankscope pretrain` as a process that is stopped and goes on, and its refusals. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { openModel } from '../../src/models/index.ts';
import { makeWorkingFolder, overridden, runCli } from './run-cli.ts';

const cwd = makeWorkingFolder();
const at = (path: string) => join(cwd, path);
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const TOKENIZER = fileURLToPath(new URL('../../assets/model/tokenizer.json', import.meta.url));
const STEPS = 300;

beforeAll(() => {
  const small = { n_positions: 32, n_embd: 16, n_layer: 1, n_head: 2 };
  writeFileSync(at('config.json'), JSON.stringify({ model_type: 'gpt2', vocab_size: 4096, ...small }));
  writeFileSync(
    at('data.txt'),
    'The state of the Union is strong, and it will be stronger still. '.repeat(60),
  );
});

function argumentsFor(out: string, more: readonly string[] = []): string[] {
  const files = ['--config', at('config.json'), '--tokenizer', TOKENIZER, '--data', at('data.txt')];
  const numbers = [
    '--steps',
    `${STEPS}`,
    '--warmup',
    '2',
    '--batch-size',
    '2',
    '--seq-len',
    '32',
    '--lr',
    '0.01',
  ];
  return ['pretrain', ...overridden([...files, ...numbers, '--out', at(out)], more)];
}

const lossesIn = (folder: string): number[] =>
  readFileSync(join(at(folder), 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).loss);

/** In this process: starting another takes longer than the work. */
const run = async (args: readonly string[]) => {
  const program = await createProgram(args);
  for (const command of program.commands) command.configureOutput({ writeErr: () => {} });
  await program.parseAsync(['node', 'rankscope', ...args]);
};

describe('rankscope pretrain', () => {
  it('stops on Ctrl-C, goes on with --resume, and writes a model that opens', async () => {
    const onStderr = (child: ChildProcess, text: string) => {
      if (text.includes('step 1/') && !child.killed) child.kill('SIGINT');
    };
    const stopped = await runCli(argumentsFor('broken'), { cwd, onStderr });
    expect(stopped.stderr).toMatch(/stopped after step \d+ of 300: the same command with --resume goes on/);
    expect(stopped.code).toBe(130);
    expect(readdirSync(at('broken')).toSorted()).toEqual([
      'checkpoint.safetensors',
      'metrics.jsonl',
      'run.json',
    ]);
    await run(argumentsFor('broken', ['--resume']));
    await run(argumentsFor('whole', ['--eval-data', at('data.txt'), '--save-type', 'bfloat16']));
    expect(lossesIn('broken').length).toBe(STEPS);
    expect(lossesIn('broken')).toEqual(lossesIn('whole'));

    const { definition, checkpoint, tokenizer } = await openModel(at('whole'));
    expect(checkpoint.weights.get(definition.head)!.dtype).toBe('BF16');
    expect((await tokenizer()).vocabularySize).toBe(4096);
    const record = JSON.parse(readFileSync(join(at('whole'), 'pretrain.json'), 'utf8'));
    expect(record.tokensSeen).toBe(STEPS * 2 * 32);
    expect(record.evaluations[0].loss).toBeLessThan(lossesIn('whole')[0]! / 2);
    expect(JSON.parse(readFileSync(join(at('whole'), 'run.json'), 'utf8')).status).toBe('complete');
  }, 120_000);

  it.each([
    [['--seq-len', '64'], /--seq-len 64/],
    [['--micro-batch', '3', '--batch-size', '4'], /divides the batch size/],
    [['--warmup', '300'], /fewer than --steps/],
    [['--lr', 'fast'], /--lr has a value[\s\S]*a number above 0/],
    [['--data', 'missing.txt'], /missing\.txt cannot be read/],
    [['--config', TOKENIZER], /architecture/],
    [['--resume'], /nothing to resume/],
    [['--lr', '1e30'], /broke down at step \d/],
  ])('refuses %j and leaves nothing behind', async (more, message) => {
    await expect(run(argumentsFor('refused', more))).rejects.toThrow(message);
    expect(existsSync(at('refused'))).toBe(false);
  });

  it('says what it cannot do without', async () => {
    await expect(run(['pretrain', '--config', at('config.json')])).rejects.toThrow(/needs --tokenizer/);
    await expect(run(argumentsFor('refused', ['--min-lr', '-1']))).rejects.toThrow(/0 or more/);
  });

  it('leaves the checkpoint of an older version alone', async () => {
    mkdirSync(at('older'));
    writeFileSync(at('older/training.safetensors'), 'weights');
    for (const more of [[], ['--resume']])
      await expect(run(argumentsFor('older', more))).rejects.toMatchObject({
        code: 'checkpoint-of-older-version',
      });
    expect(readdirSync(at('older'))).toEqual(['training.safetensors']);
  });

  it('leaves a folder alone that holds other files', async () => {
    mkdirSync(at('full'));
    writeFileSync(at('full/thesis.txt'), 'years of work');
    await expect(run(argumentsFor('full'))).rejects.toMatchObject({ code: 'output-exists' });
    expect(readdirSync(at('full'))).toEqual(['thesis.txt']);
  });
});
