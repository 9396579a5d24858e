import { defineConfig } from 'vitest/config';

/** Tests against other programs (PEFT, transformers, llama.cpp, TensorBoard); `npm run test:interop`. */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    // What is left out, and why, stands in the names of the tests.
    reporters: ['verbose'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 1_200_000,
  },
});
