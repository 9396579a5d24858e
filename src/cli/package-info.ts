/** What the package knows of itself, and what it brings along. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

interface PackageInfo {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The package's own package.json; its dependencies are pinned, so they are the versions that run. */
export function readPackageInfo(): PackageInfo {
  return JSON.parse(readFileSync(inPackage('package.json'), 'utf8'));
}

/** The model that is measured when none is named: a path from the working directory. */
export const bundledModel = () => relative(process.cwd(), inPackage('assets/model'));

/** The text that the bundled model is measured on when none is named. */
export const bundledText = () => relative(process.cwd(), inPackage('assets/text/moby-dick.txt'));

// This file stands two folders below the root both as source and when built.
const inPackage = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
