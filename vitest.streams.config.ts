import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/streams/**/*.test.ts'],
    env: { ALL_STREAMS: '1' },
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
