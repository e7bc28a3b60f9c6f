/** The pool as the config sizes it, seen through `optimizer/stats` of the built binary. */
import { afterAll, describe, expect, it } from 'vitest';
import { type Message, Served } from './served.ts';
import { World } from './world.ts';

const world = new World();
const SLOW = 'return await tools.fixture.slow({ n: 1 })';
let lastId = 0;

afterAll(async () => {
  expect(await world.close()).toEqual([]);
});

function serve(name: string, pool: object): Served {
  return new Served(world, world.config(name, { fixture: world.fixture('corpus') }, { pool }));
}

/** The sandbox's figures, asked for again until they fit. */
async function until(served: Served, fits: (sandbox: Message) => boolean): Promise<Message> {
  for (;;) {
    const { result } = await served.ask(++lastId, 'optimizer/stats');
    if (fits(result.sandbox)) return result.sandbox;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function runAtOnce(served: Served, count: number): Promise<void> {
  const outcomes = await Promise.all(Array.from({ length: count }, () => served.run(++lastId, SLOW)));
  expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 'completed'));
}

describe('the pool', () => {
  it('is filled at start to `poolSize`, grows with the runs, and goes back after two clean-ups', async () => {
    const served = serve('warm', { min: 1, max: 1, poolSize: 3, poolCleanupIntervalMs: 200 });
    await until(served, ({ guests }) => guests.warm === 3);
    await runAtOnce(served, 12);
    const { guests, wait, workers } = await until(
      served,
      ({ workers: [worker] }) => worker.guests.discarded.idle === 9,
    );
    expect(guests).toMatchObject({ warm: 3, leased: 0 });
    expect(workers[0].guests).toMatchObject({ made: 12, reset: { count: 12 } });
    expect(workers[0].guests.reset.meanMs).toBeGreaterThan(0);
    expect(wait).toMatchObject({ count: 12 });
    expect(wait.p99Ms).toBeLessThanOrEqual(wait.maxMs);
  });

  it('makes no guest beforehand that nobody asked for when `poolWarmup` is off', async () => {
    const served = serve('cold', { min: 1, max: 1, poolSize: 8, poolWarmup: false });
    await until(served, ({ workers: [worker] }) => worker?.ready === true && worker.guests?.warm === 1);
    await runAtOnce(served, 4);
    const { guests } = await until(served, ({ guests: { leased } }) => leased === 0);
    expect(guests).toMatchObject({ warm: 4, discarded: {} });
  });

  it('has workers between `min` and `max`, as the runs need them', async () => {
    const served = serve('adaptive', { min: 1, max: 2, poolSize: 1, poolCleanupIntervalMs: 200 });
    await until(served, ({ workers }) => workers.length === 1 && workers[0].ready);
    const runs = runAtOnce(served, 6);
    await until(served, ({ workers }) => workers.length === 2);
    await runs;
    await until(served, ({ workers }) => workers.length === 1);
    await runAtOnce(served, 1);
  });

  it('counts guests that were given up by their reason, also when their worker went with them', async () => {
    const served = serve('reasons', { min: 1, max: 1, poolSize: 1 });
    const limits = { cpuMs: 100 };
    for (const code of [
      'await new Promise(() => {})',
      'for (;;);',
      'return [].indexOf.call({ length: 2 ** 53 - 1 }, 1)',
    ])
      await served.run(++lastId, code, { limits });
    const { guests, workersLost } = await until(served, ({ guests: { leased } }) => leased === 0);
    expect(guests.discarded).toEqual({ 'program.stalled': 1, 'limit.cpu': 2 });
    expect(workersLost).toEqual({ 'limit.cpu': 1 });
  });
});
