/** Every public function says in its comment how it is called, and what it says compiles. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';
import * as library from '../src/index.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, '.tmp/api-examples');

/** What an example may take as given, where it does not make it itself. */
const GIVEN = {
  model: 'library.Model',
  engine: 'Engine',
  adapter: 'library.Adapter',
  sequences: 'library.Sequences',
};

const functions = Object.entries(library)
  .filter(
    ([name, value]) => typeof value === 'function' && !(value instanceof z.ZodType) && /^[a-z]/.test(name),
  )
  .map(([name]) => name);

/** The code of the example above each function of `src`, by its name. */
function examples(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const source = readFileSync(join(ROOT, 'src', file), 'utf8');
    const documented = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport (?:async )?function (\w+)/g;
    for (const [, comment, name] of source.matchAll(documented)) {
      const code = /@example\n \* ```ts\n([\s\S]*?) \* ```/.exec(comment!)?.[1];
      if (code !== undefined) found.set(name!, code.replace(/^ \* ?/gm, ''));
    }
  }
  return found;
}

it('each has an example that compiles', () => {
  const code = examples();
  expect(functions.filter((name) => !code.has(name))).toEqual([]);
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const name of functions) {
    const text = code.get(name)!;
    const given = Object.entries(GIVEN).filter(([value]) => !new RegExp(`const ${value}\\b`).test(text));
    const lines = [
      "import * as library from '../../src/index.ts';",
      "import type { Engine } from '../../src/graph-entry.ts';",
      `const { ${functions.join(', ')} } = library;`,
      `export async function example(${given.map(([value, type]) => `${value}: ${type}`).join(', ')}) {`,
      text,
      '}',
    ];
    writeFileSync(join(FOLDER, `${name}.ts`), lines.join('\n'));
  }
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
  const config = { extends: '../../tsconfig.json', compilerOptions, include: ['.', '../../src/**/*.d.ts'] };
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', FOLDER, '--noEmit'], { encoding: 'utf8' });
  expect(stdout).toBe('');
});
