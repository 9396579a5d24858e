/**
 * Writes the imports of `src` and of what stands around it, and nothing else, as JavaScript below `.tmp/boundaries`,
 * where dependency-cruiser can read them: it has no parser for TypeScript 7. Type imports of `foo.ts` go to
 * `foo.types.js`. Tests beside the code are left out, as they may look into their room.
 *
 * It reads statements as the formatter writes them: at the start of a line, with single quotes.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const TARGET = '.tmp/boundaries';
const FOLDERS = ['src', 'test', 'bench', 'scripts', 'examples'];
/** The package's own names, as its package.json exports them. */
const OWN: Readonly<Record<string, string>> = {
  rankscope: 'src/index.js',
  'rankscope/graph': 'src/graph-entry.js',
};

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`; group 1 marks a type import, group 2 is x. */
const STATEMENT = /^(?:import|export) (type )?(?:[^;'"]*? from )?'([^']+)';/gm;
/** `import(…)` in a statement of its own right, or in the text of a thread. */
const DYNAMIC = /\bimport\('([^']+)'\)/g;

rmSync(TARGET, { recursive: true, force: true });
for (const folder of FOLDERS) {
  let count = 0;
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.m?ts$|\.mjs$/.test(entry) || entry.endsWith('.d.ts')) continue;
    if (folder === 'src' && entry.endsWith('.test.ts')) continue;
    count += writeImports(join(folder, entry));
  }
  if (count === 0) throw new Error(`no import was found in ${folder}: the pattern no longer fits the code`);
}

/** @returns how many there are. */
function writeImports(file: string): number {
  const source = readFileSync(file, 'utf8');
  const statements = [...source.matchAll(STATEMENT)];
  const values = statements.filter((match) => match[1] === undefined).map((match) => match[2]!);
  const types = statements.filter((match) => match[1] !== undefined).map((match) => match[2]!);
  const dynamic = [...source.matchAll(DYNAMIC)].map((match) => match[1]!);
  write(file.replace(/\.m?[jt]s$/, '.js'), [...values, ...dynamic]);
  write(file.replace(/\.m?[jt]s$/, '.types.js'), types);
  return values.length + types.length + dynamic.length;
}

function write(file: string, specifiers: readonly string[]): void {
  const path = join(TARGET, file);
  mkdirSync(dirname(path), { recursive: true });
  const target = (name: string) => {
    const own = OWN[name];
    return own === undefined ? name.replace(/\.m?ts$/, '.js') : relative(dirname(file), own);
  };
  writeFileSync(path, specifiers.map((name) => `import '${target(name)}';\n`).join(''));
}
