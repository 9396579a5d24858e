import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CORPUS } from './corpus.ts';
import { runCase } from './kit/run-case.ts';
import { watchCases } from './kit/watch.ts';
import { shareOut, TARGETS } from './targets/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'rankscope-corpus-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// `npm run fuzz` does the same with as many as are wanted; docs/reliability.md tells of the long run.
it('20,000 files, whole and broken: read exactly or refused in words, at once and in little memory', async () => {
  const summaries = await watchCases(shareOut(20_000, 1));
  expect(
    summaries.flatMap(({ target, failures }) => failures.map((failure) => ({ target, ...failure }))),
  ).toEqual([]);
  expect(summaries.reduce((sum, { inputs }) => sum + inputs, 0)).toBeGreaterThanOrEqual(20_000);
  for (const { target, inputs, results } of summaries) {
    const accepted = results.accepted ?? 0;
    expect(accepted, `${target}: accepted`).toBeGreaterThan(0.1 * inputs);
    // A cache refuses nothing: it makes again what is damaged.
    if (target !== 'caches') expect(inputs - accepted, `${target}: refused`).toBeGreaterThan(0.05 * inputs);
  }
}, 300_000);

describe('a nasty file', () => {
  it.each(CORPUS.map((kept) => [kept.target, kept.reason, kept] as const))(
    '%s: %s',
    async (name, reason, kept) => {
      const target = TARGETS.find((one) => one.name === name)!;
      await target.prepare?.();
      const { failure } = await runCase(target, { ...kept, changes: [reason] }, folder);
      expect(failure).toBeUndefined();
    },
  );

  it('is small', () => {
    const sizes = CORPUS.flatMap(({ files }) => Object.values(files).map(({ length }) => length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(200_000);
  });
});

it('the harness finds readers that throw, hang, die, take too much memory or the wrong files', async () => {
  const faults = {
    throws: /no UserError: TypeError/,
    accepts: /a corrupt file was accepted/,
    refuses: /a valid file was refused/,
    allocates: /it allocated .* MB beyond/,
    'advises-nothing': /does not say what to do/,
    hangs: /it hung/,
    dies: /the process ended \(3\)/,
  };
  const plan = Object.keys(faults).map((target) => ({ target, seed: 1, count: 1 }));
  for (const { target, failures } of await watchCases(plan, { patience: 3000 })) {
    const message = expect.stringMatching(faults[target as keyof typeof faults]);
    expect(failures, target).toEqual([{ seed: 1, failure: message }]);
  }
});
