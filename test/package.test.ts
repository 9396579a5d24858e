/** What npm makes of this package: how it installs, what is in it, which types are found. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const readJson = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));

describe('the package', () => {
  const info = readJson('package.json');

  // npm 10 knows no allowScripts. It runs the scripts that the lock file tells of, and gives up where one fails; that
  // of onnxruntime-node needs a host that not every machine reaches, for GPU libraries that we do not use.
  it('installs without the script of its engine, which npm writes into the lock file when the engine is renewed', () => {
    expect(readJson('package-lock.json').packages['node_modules/onnxruntime-node']).not.toHaveProperty(
      'hasInstallScript',
    );
    expect(info.allowScripts['onnxruntime-node']).toBe(false);
  });

  it('holds what is needed to use it, and nothing that points outside', () => {
    const listing = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
    const [{ files }] = JSON.parse(listing.toString());
    const paths: string[] = files.map(({ path }: { path: string }) => path);
    const places = [info.main, info.types, info.bin.rankscope, info.typesVersions['*'].graph[0]];
    for (const entry of Object.values<{ types: string; default: string }>(info.exports))
      places.push(entry.types.slice(2), entry.default.slice(2));
    expect(paths).toEqual(expect.arrayContaining(places));
    expect(paths.filter((path) => !/^(dist|assets|docs)\/|^[^/]+\.(md|json)$|^LICENSE$/.test(path))).toEqual(
      [],
    );
    // Maps would name sources that are not shipped; tests and the reference files stay at home.
    expect(paths.filter((path) => /\.map$|\.test\./.test(path))).toEqual([]);
  });

  it('declares types that TypeScript 5.6 reads', () => {
    // Those that the entries lead to: no user's compiler reads the others.
    const declarations = new Set<string>();
    const follow = (path: string) => {
      if (declarations.has(path)) return;
      declarations.add(path);
      for (const [, next] of readFileSync(path, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.ts['"]/g))
        follow(join(dirname(path), `${next}.d.ts`));
    };
    for (const { types } of Object.values<{ types: string }>(info.exports)) follow(join(root, types));
    expect(declarations.size).toBeGreaterThan(50);
    // Typed arrays are generic from 5.7 on.
    const generic = [...declarations].filter((name) =>
      /\b(Float|Int|Uint|BigInt|BigUint)\d+(Clamped)?Array</.test(readFileSync(name, 'utf8')),
    );
    expect(generic).toEqual([]);
    expect(existsSync(join(root, info.types))).toBe(true);
  });
});
