import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { exampleProbeRecord } from '../report/testing.ts';
import { exampleTrainRecord } from '../report/testing-training.ts';
import {
  AFTER_EXPORT,
  afterEvaluation,
  afterProbe,
  afterTraining,
  quote,
  rankscope,
  tellNext,
} from './next-step.ts';

/** Words as a shell reads them. */
const words = (command: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');

/** Without the words that call the program. */
const own = (command: string, first: string) => {
  const all = words(command);
  return all.slice(all.indexOf(first));
};

describe('words for a shell', () => {
  it.each([
    'plain/path-1.gguf',
    'with space',
    "it's",
    '$HOME',
    'a"b',
    'näher',
    '*',
    'org/name@main:Q4_K_M',
    '#x',
    '',
  ])('come back as they were: %j', (word) => {
    if (word !== '') expect(words(quote(word))).toEqual([word]);
    expect(words(`${quote('a')} ${quote(word)} ${quote('b')}`)).toEqual(['a', word, 'b']);
  });

  it('leave out what is not there', () => {
    expect(own(rankscope('train', undefined, false, 'x y', 3), 'train')).toEqual(['train', 'x y', '3']);
  });
});

describe('after a probe', () => {
  it('comes a training with the frames that lead, the rank of the report and the layers that were measured', () => {
    const record = exampleProbeRecord();
    record.settings.layers = 'q_proj,v_proj';
    const [step, ...more] = afterProbe(record);
    expect(more).toEqual([]);
    expect(own(step!.command, 'train')).toEqual([
      ...['train', 'assets/model', '--data', 'assets/text/moby-dick.txt'],
      ...['--basis', 'gradient', '--rank', '64', '--lr', 'auto', '--layers', 'q_proj,v_proj'],
    ]);
    expect(step!.why).toContain('reached most');
  });

  it('ν decides where it is decided', () => {
    const record = exampleProbeRecord();
    for (const comparison of record.global.comparisons!) {
      if (comparison.measure !== 'natural') continue;
      comparison.leader = 'natural';
      for (const one of comparison.differences) one.difference = { mean: 2, low: 1, high: 3 };
    }
    const [step] = afterProbe(record);
    expect(own(step!.command, '--basis').slice(0, 2)).toEqual(['--basis', 'natural']);
    expect(step!.why).toContain('ν');
  });

  it('a quick one is made whole, and frames of a file are named by it', () => {
    const record = exampleProbeRecord({ bases: ['random', 'mine@kept'] });
    record.settings.quick = true;
    const steps = afterProbe(record).map(({ command }) => command);
    expect(own(steps[0]!, 'probe')).toEqual(['probe', 'assets/model', '--data', 'assets/text/moby-dick.txt']);
    const given = [
      'm',
      '--quick',
      '--out',
      'runs/a',
      '--data',
      'a b.txt',
      'c.csv',
      '--text-field',
      'body',
      '--seed',
      '3',
    ];
    const known = afterProbe(record, given).map(({ command }) => command);
    expect(own(known[0]!, 'probe')).toEqual([
      ...['probe', 'm', '--data', 'a b.txt', 'c.csv', '--text-field', 'body', '--seed', '3'],
    ]);
    expect(own(known[1]!, '--data').slice(0, 5)).toEqual([
      '--data',
      'a b.txt',
      'c.csv',
      '--text-field',
      'body',
    ]);
    expect(own(steps[1]!, '--basis').slice(0, 2)).toEqual(['--basis', 'kept.safetensors#mine']);
  });

  it('nothing is to be trained where only random frames were measured', () => {
    expect(afterProbe(exampleProbeRecord({ bases: ['random'] }))).toEqual([]);
  });
});

it('after a training come its loss and an export beside the run', () => {
  const record = exampleTrainRecord();
  record.evalData = { ...record.data, path: 'held out.txt' };
  const commands = afterTraining('runs/my run/', record).map(({ command }) => command);
  expect(own(commands[0]!, 'eval')).toEqual(['eval', '--adapter', 'runs/my run/', '--data', 'held out.txt']);
  expect(own(commands[1]!, 'export')).toEqual(['export', 'runs/my run/', '--out', 'runs/my run-peft']);
});

it('after a training without a text to evaluate on comes the one that it was trained on', () => {
  const record = { ...exampleTrainRecord(), evalData: null };
  const [step] = afterTraining('run', record, ['m', '--data=x.txt', '--steps', '3']);
  expect(own(step!.command, 'eval')).toEqual(['eval', '--adapter', 'run', '--data=x.txt']);
  expect(own(afterTraining('run', record)[0]!.command, '--data')).toEqual(['--data', record.data.path]);
  expect(step!.why).toContain('not trained on');
});

it('after an export comes what loads it', () => {
  expect(words(AFTER_EXPORT.peft('it’s mine', 'base')[0]!.command)).toEqual([
    'python',
    '-c',
    'from peft import AutoPeftModelForCausalLM as M; M.from_pretrained("it’s mine")',
  ]);
  expect(AFTER_EXPORT.peft('out', 'base.gguf')[0]!.why).toContain('--base-model');
  expect(AFTER_EXPORT['gguf-lora']('a.gguf', 'base.gguf')[0]!.command).toBe(
    'llama-cli -m base.gguf --lora a.gguf',
  );
  expect(AFTER_EXPORT.merged('out', '')[0]!.command).toContain('transformers');
});

it('after an evaluation the best adapter is exported, and a model alone is probed', () => {
  expect(afterEvaluation('runs/a', 'm', 'd.txt')[0]!.command).toContain('export runs/a');
  expect(own(afterEvaluation(undefined, 'm', 'd.txt')[0]!.command, 'probe')).toEqual([
    'probe',
    'm',
    '--data',
    'd.txt',
  ]);
});

it('is told without what moves a cursor', () => {
  let told = '';
  tellNext([{ command: 'a \u001b[2J', why: 'b' }], { write: (text: string) => (told += text) });
  expect(told).toBe('next, b:\n  a \\u{1b}[2J\n');
});
