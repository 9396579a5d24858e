/**
 * Writes the imports of `src`, and nothing else, as JavaScript to `.tmp/boundaries/src`, where dependency-cruiser
 * can read them: it has no parser for TypeScript 7. Type imports of `foo.ts` go to `foo.types.js`. Tests are left out.
 *
 * It reads statements as the formatter writes them: at the start of a line, with single quotes.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const TARGET = '.tmp/boundaries';

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`; group 1 marks a type import, group 2 is x. */
const STATEMENT = /^(?:import|export) (type )?(?:[^;'"]*? from )?'([^']+)';/gm;
/** `import('x')` in a statement of its own right, or in the text of a thread. */
const DYNAMIC = /\bimport\('([^']+)'\)/g;

rmSync(TARGET, { recursive: true, force: true });
let count = 0;
for (const entry of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
  if (!entry.endsWith('.ts') || entry.endsWith('.test.ts') || entry.endsWith('.d.ts')) continue;
  const source = readFileSync(join('src', entry), 'utf8');
  const statements = [...source.matchAll(STATEMENT)];
  const values = statements.filter((match) => match[1] === undefined).map((match) => match[2]!);
  const types = statements.filter((match) => match[1] !== undefined).map((match) => match[2]!);
  const dynamic = [...source.matchAll(DYNAMIC)].map((match) => match[1]!);
  write(entry.replace(/\.ts$/, '.js'), [...values, ...dynamic]);
  write(entry.replace(/\.ts$/, '.types.js'), types);
  count += values.length + types.length + dynamic.length;
}
if (count === 0) throw new Error('no import was found in src: the pattern no longer fits the code');

function write(file: string, specifiers: readonly string[]): void {
  const path = join(TARGET, 'src', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, specifiers.map((name) => `import '${name.replace(/\.ts$/, '.js')}';\n`).join(''));
}
