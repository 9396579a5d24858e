/** Readers with the faults that the harness is to find: they show that it can. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../../src/errors/index.ts';
import { textBytes } from '../kit/change-bytes.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';

const faulty = (
  name: string,
  read: (text: string) => unknown,
  verdict: FuzzCase<string>['verdict'] = 'either',
) =>
  defineTarget<unknown>({
    name,
    weight: 0,
    make: () => ({ files: { file: textBytes('text') }, verdict, changes: ['nothing'] }),
    read: (folder) => read(readFileSync(join(folder, 'file'), 'utf8')),
  });

let kept: unknown;

export const FAULTY = [
  faulty('throws', () => (undefined as unknown as { readonly of: string }).of),
  faulty('accepts', () => 'anything', 'refuse'),
  faulty('refuses', (text) => refuse('refused', text), 'accept'),
  faulty('allocates', () => {
    kept = new Uint8Array(64 * 2 ** 20);
    return kept;
  }),
  faulty('advises-nothing', (text) => {
    throw new UserError('bare', { what: text });
  }),
  faulty('hangs', () => {
    for (;;);
  }),
  faulty('dies', () => process.exit(3)),
];

function refuse(code: string, what: string): never {
  throw new UserError(code, { what, fix: 'nothing' });
}
