/** A server that asks a person during a run: who is asked, and whose time it is. In a guest, and without one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { RunContext } from '../../src/engine/request.ts';
import type { Asker } from '../../src/upstream/asker.ts';
import { executorOver, FakeTools, listening } from './fakes.ts';
import { startRealBackend } from './real-backend.ts';

const backend = startRealBackend();
afterAll(() => backend.close());

const tools = new FakeTools({
  'a.ask': {
    async work(_args, { asker, signal }) {
      if (asker === undefined) return 'nobody to ask';
      return await asker.ask({ method: 'elicitation/create', params: { message: 'who?' } }, signal);
    },
  },
  'a.slow': { work: () => sleep(400, 'slow') },
});
const executor = executorOver(backend, tools);

/** A person who takes `ms` to answer. */
function personTaking(ms: number): Asker {
  return {
    client: {},
    ask: async (_question, signal) => {
      await sleep(ms, undefined, { signal });
      return { action: 'accept' };
    },
  };
}

const ways: ReadonlyArray<[string, Partial<RunContext>]> = [
  ['in a guest', {}],
  ['without a guest', { plainCallsDirect: true }],
];

describe.each(ways)('a question of a server to a person, %s', (_way, more) => {
  const run = (code: string, asker?: Asker, wallMs = 200) =>
    executor.execute(
      { code, limits: { wallMs } },
      { ...listening('model'), ...more, ...(asker === undefined ? {} : { asker }) },
    );

  it('takes none of the time of the run', async () => {
    const outcome = await run('return await tools.a.ask({})', personTaking(700));
    expect([outcome.status, outcome.value]).toEqual(['completed', { action: 'accept' }]);
  });

  it('leaves the run the time that it had before', async () => {
    const code = 'await tools.a.ask({}); return await tools.a.slow({})';
    const outcome = await run(code, personTaking(300));
    expect(outcome.error?.code).toBe('limit.time');
    expect(outcome.usage.wallMs).toBeLessThan(3_600_000);
  });

  it('is refused where nobody can be asked', async () => {
    expect((await run('return await tools.a.ask({})')).value).toBe('nobody to ask');
  });
});
