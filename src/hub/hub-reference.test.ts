import { describe, expect, it } from 'vitest';
import { parseHubReference, tellReference } from './hub-reference.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

describe('what is written for a model of the hub', () => {
  it.each([
    ['org/name', 'org/name'],
    ['org/name@v1.0', 'org/name@v1.0'],
    ['org/name@refs/pr/1', 'org/name@refs/pr/1'],
    [`org/name@${COMMIT}`, `org/name@${COMMIT}`],
    ['Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M', 'Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M'],
    ['org/name@v1:Q4_0', 'org/name@v1:Q4_0'],
    ['org/name:Q4_0@v1', 'org/name@v1:Q4_0'],
    ['org/name/sub/model-Q8_0.gguf', 'org/name/sub/model-Q8_0.gguf'],
    ['org/name/model.gguf@v1', 'org/name/model.gguf@v1'],
    ['https://huggingface.co/org/name', 'org/name'],
    ['https://huggingface.co/org/name/tree/main', 'org/name'],
    ['https://huggingface.co/org/name/blob/v2/model.gguf?x=1', 'org/name/model.gguf@v2'],
    ['hf://org/name@v1', 'org/name@v1'],
  ])('%s', (text, told) => {
    const reference = parseHubReference(text, 'models');
    expect(reference && tellReference(reference)).toBe(told);
  });

  it.each([
    './org/name',
    '../org/name',
    '/org/name',
    '~/org/name',
    'name',
    'org/',
    'org/name/',
    'org/name/sub',
    'models/tiny.gguf',
    'data/notes.txt',
    'org/na--me',
    'org/..',
    '.org/name',
    'org/name.git',
    'org/name-',
    'org/name@a b',
    'org/name@../x',
    'org/name/../x.gguf',
    'org/name/x.gguf:Q4_0',
    'org/name:a@b:c',
    'C:\\models\\tiny',
    'org\\name',
    `${'a'.repeat(97)}/name`,
  ])('%s is a path', (text) => {
    expect(parseHubReference(text, 'models')).toBeUndefined();
  });

  it('names files and splits of data sets', () => {
    expect(parseHubReference('org/name:default/train', 'datasets')).toMatchObject({
      id: 'org/name',
      part: 'default/train',
    });
    expect(
      parseHubReference('https://huggingface.co/datasets/org/name/blob/main/a/b.jsonl', 'datasets'),
    ).toMatchObject({ id: 'org/name', file: 'a/b.jsonl', revision: 'main' });
  });
});
