/**
 * Every hostile program through real worker threads: its outcome is an accepted one, it is answered, the next run is right,
 * nothing of it is seen or heard afterwards, the process lives and stays bounded. One suite, two ways of reusing guests.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SandboxBackend } from '../../src/sandbox/backend.ts';
import { startBackend } from '../sandbox/world.ts';
import { judge, loadCorpus } from './corpus.ts';

/** What this process may grow by over the whole suite: two workers at their limit, and room for what is not collected yet. */
const RSS_GROWTH_MAX = 512 * 1024 * 1024;

export function corpusSuite(
  mode: string,
  makeTenant: () => () => string,
  open: () => SandboxBackend = startBackend,
  without: readonly string[] = [],
  files: readonly string[] = ['open.jsonl', 'own.jsonl'],
): void {
  const tenantOf = makeTenant();
  const late: Array<{ name: string; late: { calls: number } }> = [];
  let backend: SandboxBackend;
  let rssBefore = 0;
  let rssMost = 0;

  beforeAll(() => {
    backend = open();
    rssBefore = process.memoryUsage.rss();
  });
  afterAll(() => backend.close());

  for (const file of files) {
    describe(`${file}, ${mode}`, () => {
      it.each(loadCorpus(file).filter(({ name }) => !without.includes(name)))('$category: $name', async (program) => {
        const { wrong, run } = await judge(backend, program, tenantOf);
        late.push({ name: program.name, late: run.late });
        rssMost = Math.max(rssMost, process.memoryUsage.rss());
        expect(wrong).toEqual([]);
      });
    });
  }

  it(`leaves nothing running and nothing piled up, ${mode}`, () => {
    expect(late.filter(({ late: { calls } }) => calls > 0)).toEqual([]);
    expect(rssMost - rssBefore).toBeLessThan(RSS_GROWTH_MAX);
  });
}
