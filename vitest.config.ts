import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Types, the first line of the binary, and the first line of a thread that runs as a bundle (test/e2e drives both).
      exclude: [
        '**/*.d.ts',
        'src/main.ts',
        'src/app/{guest,plugin,transpile}-worker.ts',
        'src/app/sandbox-child{,-main}.ts',
      ],
      thresholds: { lines: 90 },
      reportOnFailure: true,
      reporter: ['text-summary', 'json-summary'],
    },
  },
});
