import { expect, it, vi } from 'vitest';
import { tellProcessWarnings } from './tell-warnings.ts';

it('tells warnings of the process in our words, without control characters', async () => {
  const written: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  const before = process.listeners('warning');
  tellProcessWarnings();
  try {
    process.emitWarning('the folder a\u001b[2Jb is damaged');
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeAllListeners('warning');
    for (const listener of before) process.on('warning', listener);
    write.mockRestore();
  }
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^warning: the folder a.*b is damaged\n$/);
  expect(written[0]).not.toContain('\u001b');
});
