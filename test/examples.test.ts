/** The examples run as a user runs them: plain Node on the package that `npm test` has just built, by its own name. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What an example prints; a failure throws with its stderr. */
const runExample = (name: string): string =>
  execFileSync(process.execPath, [`examples/${name}`], { cwd: ROOT, encoding: 'utf8' });

it('the command that was built can be run by its own name', () => {
  const output = execFileSync(join(ROOT, 'dist/cli/main.js'), ['--version'], { encoding: 'utf8' });
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(output.trim()).toBe(version);
});

describe('examples', () => {
  it('probe-model.mjs prints the gain of every basis', () => {
    const output = runExample('probe-model.mjs');
    const gain = (basis: string) => Number(new RegExp(`^ {2}${basis} +([0-9.]+) `, 'm').exec(output)?.[1]);
    expect(output).toMatch(/loss \d\.\d{3} nats per token/);
    // One draw of random frames lies near 1; the gradient's own directions lie far above it.
    expect(gain('random')).toBeGreaterThan(0.5);
    expect(gain('random')).toBeLessThan(2);
    expect(gain('gradient')).toBeGreaterThan(5 * gain('random'));
    expect(gain('svd')).toBeGreaterThan(0);
  });

  it('own-graph.mjs trains', () => {
    const output = runExample('own-graph.mjs');
    const loss = (when: string) => Number(new RegExp(`loss ${when}: +([0-9.]+)`).exec(output)?.[1]);
    expect(loss('after')).toBeLessThan(0.5 * loss('before'));
    expect(output).toMatch(/reach \d+\.\d % of the gradient's energy/);
  });

  it('train-export.mjs lowers the loss on pages that it has not seen, and exports', () => {
    const output = runExample('train-export.mjs');
    const loss = (when: string) => Number(new RegExp(`loss ${when}: +([0-9.]+)`).exec(output)?.[1]);
    const peft = /for PEFT: (.+)/.exec(output)![1]!;
    try {
      expect(output).toMatch(/^\d+ trained parameters, 20 steps\n/);
      expect(loss('before') - loss('after')).toBeGreaterThan(0.02);
      expect(readdirSync(peft)).toContain('adapter_model.safetensors');
      expect(JSON.parse(readFileSync(join(peft, 'adapter_config.json'), 'utf8'))).toMatchObject({ r: 16 });
    } finally {
      rmSync(dirname(peft), { recursive: true });
    }
  });
});
