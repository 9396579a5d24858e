import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { renderOptions } from '../scripts/options-page.ts';

it('docs/options.md is what the tables of options say', () => {
  expect(readFileSync('docs/options.md', 'utf8'), 'run: npx tsx scripts/write-options.ts').toBe(
    renderOptions(),
  );
});
