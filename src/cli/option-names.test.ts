import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createProgram } from './program.ts';

const SRC = fileURLToPath(new URL('..', import.meta.url));

/** The command line itself, the tables that flags come from, and a style sheet, whose variables look like flags. */
const MAY_NAME_FLAGS =
  /^(cli|options)\/|^record\/(probe|train|text)-options\.ts$|^models\/model-options\.ts$|page-style\.ts$|\.test\.ts$|(^|\/)testing[-.]/;
/** Comments may name flags: nobody meets them at run time. */
const COMMENTS = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

/** Every flag of every command. */
async function allFlags(): Promise<ReadonlySet<string>> {
  const names = (await createProgram([])).commands.map((command) => command.name());
  const { commands } = await createProgram(names);
  return new Set(commands.flatMap(({ options }) => options.map(({ long }) => long!)));
}

it('the library speaks of options by their names there: no text of it has a flag', async () => {
  const flags = await allFlags();
  expect(flags).toContain('--seq-len');
  expect(flags).toContain('--top-p');
  const found = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !MAY_NAME_FLAGS.test(file))
    .flatMap((file) => {
      const code = readFileSync(join(SRC, file), 'utf8').replace(COMMENTS, '');
      const words = code.match(/--[a-z][a-z0-9-]*/g) ?? [];
      return words.filter((word) => flags.has(word)).map((word) => `${file}: ${word}`);
    });
  expect(found).toEqual([]);
});
