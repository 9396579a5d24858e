import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/interop/**', 'node_modules/**'],
    // The engine uses both cores and owns a thread: files run in processes of their own, two at once.
    pool: 'forks',
    maxWorkers: 2,
    // A name that could be an id on the hub is none in a test, unless the test has a hub of its own.
    env: { HF_HUB_OFFLINE: '1' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
