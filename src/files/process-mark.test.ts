import { hostname } from 'node:os';
import { afterEach, expect, it, vi } from 'vitest';

const files = vi.hoisted(() => new Map<string, string>());
vi.mock('node:fs', () => ({
  readFileSync: (path: string) => {
    const text = files.get(path);
    if (text === undefined) throw new Error(`no ${path}`);
    return text;
  },
  readlinkSync: () => 'pid:[4026531836]',
}));

afterEach(() => files.clear());

/** The mark of a machine with these files. */
async function hostWith(entries: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(entries)) files.set(path, text);
  vi.resetModules();
  const { HOST } = await import('./process-mark.ts');
  files.clear();
  return HOST;
}

const BOOT = '/proc/sys/kernel/random/boot_id';
const MACHINE = '/etc/machine-id';

it('two machines of one name are told apart, and one that was started again is not', async () => {
  const first = await hostWith({ [MACHINE]: 'one\n', [BOOT]: 'x\n' });
  expect(first.startsWith(`${hostname()} `)).toBe(true);
  expect(await hostWith({ [MACHINE]: 'one\n', [BOOT]: 'y\n' })).toBe(first);
  expect(await hostWith({ [MACHINE]: 'two\n', [BOOT]: 'x\n' })).not.toBe(first);
});

it('without a number of their own, machines are told apart by their start', async () => {
  expect(await hostWith({ [BOOT]: 'x\n' })).not.toBe(await hostWith({ [BOOT]: 'y\n' }));
  expect(await hostWith({ [MACHINE]: '', [BOOT]: 'x\n' })).toBe(await hostWith({ [BOOT]: 'x\n' }));
});
