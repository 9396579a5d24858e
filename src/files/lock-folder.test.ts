import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { isLockFile, lockFolder } from './lock-folder.ts';
import { markOfProcess } from './process-mark.ts';
import { passingName, removeRemains } from './remains.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'lock-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true });
});
const newFolder = () => mkdtempSync(join(root, 'folder-'));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const LOCK_MODULE = pathToFileURL(fileURLToPath(new URL('lock-folder.ts', import.meta.url))).href;

/** A process that tries to lock the folder once it is told to, says how that went, and stays. */
async function contender(folder: string) {
  const program = `
    import { lockFolder } from ${JSON.stringify(LOCK_MODULE)};
    process.stdin.once('data', () => {
      try { lockFolder(${JSON.stringify(folder)}); process.stdout.write('held\\n'); }
      catch (error) { process.stdout.write((error.code ?? error) + '\\n'); }
    });
    process.stdout.write('ready\\n');`;
  const child = spawn(process.execPath, ['--import', TSX, '--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return {
    child,
    answer: async () => {
      const said = once(child.stdout, 'data');
      child.stdin.write('go\n');
      return String((await said)[0]).trim();
    },
  };
}

const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

describe('a locked folder', () => {
  it('is refused, naming the process, until it is released', () => {
    const folder = newFolder();
    const lock = lockFolder(folder);
    expect(readdirSync(folder).every(isLockFile)).toBe(true);
    expect(() => lockFolder(folder)).toThrow(new RegExp(`process ${process.pid} on .+, since `));
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    lockFolder(folder).release();
  });

  it('is given to one of many that come at once, also when a killed process had it', async () => {
    const folder = newFolder();
    const first = await contender(folder);
    expect(await first.answer()).toBe('held');
    expect(codeOf(() => lockFolder(folder))).toBe('folder-in-use');
    const ended = once(first.child, 'exit');
    first.child.kill('SIGKILL');
    await ended;
    const rivals = await Promise.all(Array.from({ length: 4 }, () => contender(folder)));
    const answers = await Promise.all(rivals.map(({ answer }) => answer()));
    expect(answers.toSorted()).toEqual(['folder-in-use', 'folder-in-use', 'folder-in-use', 'held']);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it.each([
    ['of a later process with the same number', { ...markOfProcess(), started: 'boot/1' }, 0, undefined],
    [
      'of another machine that spoke just now',
      { ...markOfProcess(), host: 'elsewhere' },
      60,
      'folder-in-use',
    ],
    [
      'of another machine that has long been silent',
      { ...markOfProcess(), host: 'elsewhere' },
      3600,
      undefined,
    ],
    ['that is being written', '', 0, 'folder-in-use'],
    ['that was never written', '', 60, undefined],
  ])('%s', (_, content, age, code) => {
    const folder = newFolder();
    const path = join(folder, '.rankscope-lock-7');
    const since = '2026-01-01T00:00:00Z';
    writeFileSync(path, content === '' ? '' : JSON.stringify({ ...(content as object), since }));
    const time = new Date(Date.now() - age * 1000);
    utimesSync(path, time, time);
    expect(codeOf(() => lockFolder(folder))).toBe(code);
    expect(readdirSync(folder)).toEqual([`.rankscope-lock-${code === undefined ? 8 : 7}`]);
  });
});

describe('what was left half written', () => {
  it('is removed when its process has ended, or long ago', () => {
    const folder = newFolder();
    const ours = passingName(join(folder, 'file'));
    const dead = ours.replace(`.${process.pid}-`, '.4194999-');
    const foreign = ours.replace(/-[0-9a-f]{8}\./, '-00000000.');
    const [older, old] = [join(folder, '.x.0123456789ab.partial'), join(folder, '.y.0123456789ab.partial')];
    const mine = join(folder, '.partial');
    for (const path of [ours, dead, foreign, older, old, mine]) writeFileSync(path, '');
    const longAgo = new Date(Date.now() - 48 * 3600_000);
    utimesSync(old, longAgo, longAgo);
    removeRemains(folder);
    const names = () =>
      readdirSync(folder)
        .map((name) => join(folder, name))
        .toSorted();
    expect(names()).toEqual([ours, foreign, older, mine].toSorted());
    removeRemains(folder, true);
    expect(names()).toEqual([mine]);
    expect(readFileSync(mine, 'utf8')).toBe('');
  });
});

it('temporary folders of ended processes go when the next is made; those of running ones stay', () => {
  const mine = makeTemporaryFolder();
  const left = mine.replace(`-${process.pid}-`, '-4194999-');
  mkdirSync(left);
  const next = makeTemporaryFolder();
  expect([existsSync(left), existsSync(mine)]).toEqual([false, true]);
  for (const path of [mine, next]) removeTemporaryFolder(path);
  expect(existsSync(mine)).toBe(false);
});
