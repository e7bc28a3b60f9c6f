/**
 * Suite `cache`: what a kept result costs inside a run, by the tier that has it, and how often one is there. The whole house
 * in this process, a real server behind a pipe, and a real Redis where there is one on this machine.
 *
 * A read's time is that of a run with many reads less that of a run without, by the number of reads: the way from the
 * program through the gate and back is in it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, compose } from '../src/app/compose.ts';
import { startSandbox } from '../src/app/sandbox.ts';
import { type Config, defaultConfig } from '../src/config/config.ts';
import { readEnvironment } from '../src/config/environment.ts';
import type { JsonObject } from '../src/core/json.ts';
import type { Outcome } from '../src/engine/outcome.ts';
import { silentLog } from '../src/telemetry/log.ts';
import type { StdioServerSpec } from '../src/upstream/server-spec.ts';
import { RedisServer } from '../test/fixtures/redis-server.ts';
import { atLeast, atMost, type Row, timesRow } from './figures.ts';

const READS = 200;
const ROUNDS = 60;
const WARM_UP_ROUNDS = 15;
/** The load: so many keys, drawn by Zipf's law with exponent 1.0, and this share of writes. */
const KEYS = 10_000;
const WRITE_SHARE = 0.05;
const OPERATIONS = 40_000;
const OPERATIONS_PER_RUN = 500;
const SEED = 20_260_101;

const NOTHING = 'return 0';
const READ = `for (let n = 0; n < ${READS}; n++) await tools.docs.get({ id: 'same' }); return 0`;
const MANY = `await Promise.all(Array.from({ length: ${READS} }, () => tools.docs.get({ id: 'same' }))); return 0`;
const LOAD = `
  const seen = [];
  for (const [id, value] of params.operations) {
    if (value === null) seen.push((await tools.docs.get({ id })).value);
    else await tools.docs.put({ id, value });
  }
  return seen;`;

const SERVER: StdioServerSpec = {
  name: 'docs',
  transport: 'stdio',
  command: process.execPath,
  args: [join(import.meta.dirname, '../test/fixtures/servers/versions.mjs')],
  env: {},
  cwd: undefined,
  timeoutMs: 30_000,
  startTimeoutMs: 30_000,
  toolTimeoutsMs: {},
  include: undefined,
  exclude: [],
  effects: {},
  era: 'legacy',
  cache: { ttlMs: 3_600_000, tags: { get: ['doc {id}'], put: ['doc {id}'] } },
};

export async function cacheSuite(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'optimizer-bench-cache-'));
  const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
  const redis = hasRedis ? await RedisServer.start() : undefined;
  try {
    const both = {};
    const cases: Case[] = [
      { name: 'read from the server, not kept', cache: { ttlMs: 0 } },
      { name: 'read from L1 (memory)', cache: both, target: 0.06 },
      { name: 'read from L1, many at once', cache: both, code: MANY },
      { name: 'read from L3 (disk)', cache: { l1Bytes: 0 }, target: 1 },
    ];
    if (redis !== undefined) {
      const { url } = redis;
      cases.push(
        { name: 'read from L2 (local Redis)', cache: { l1Bytes: 0, l3Bytes: 0 }, url, target: 2 },
        { name: 'read from L1, generations in a local Redis', cache: both, url },
        { name: 'read from L1, generations in Redis, many at once', cache: both, url, code: MANY },
      );
    }
    return [...(await readRows(folder, cases)), ...(await loadRows(folder))];
  } finally {
    await redis?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Case {
  readonly name: string;
  readonly cache: Partial<Config['cache']>;
  readonly url?: string;
  /** Milliseconds. */
  readonly target?: number;
  readonly code?: string;
}

/** Each case in a house of its own; the houses take turns, so that a machine that slows down slows all of them. */
async function readRows(folder: string, cases: readonly Case[]): Promise<Row[]> {
  const houses: House[] = [];
  try {
    const times: number[][] = cases.map(() => []);
    for (const [index, { cache, url }] of cases.entries()) {
      houses.push(await openHouse({ folder, cache, url, isKept: cache.ttlMs !== 0, file: `${index}.sqlite` }));
    }
    for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round++) {
      for (const [index, { code = READ }] of cases.entries()) {
        const house = houses[index] as House;
        // One run of each in vain: the house has slept while the others had their turn.
        await house.run(code);
        const empty = await timeOf(() => house.run(NOTHING));
        const full = await timeOf(() => house.run(code));
        if (round >= WARM_UP_ROUNDS) times[index]?.push(Math.max(0, full - empty) / READS);
      }
    }
    for (const [index, { name, cache, code = READ }] of cases.entries()) {
      const { calls } = await (houses[index] as House).run(code);
      const wanted = cache.ttlMs === 0 ? 'ok' : 'cached';
      if (calls.some(({ status }) => status !== wanted)) throw new Error(`${name}: a call was not \`${wanted}\`.`);
    }
    return cases.map(({ name, target }, index) =>
      timesRow(name, times[index] ?? [], target === undefined ? {} : { target: atMost(target) }),
    );
  } finally {
    for (const house of houses) await house.close();
  }
}

async function loadRows(folder: string): Promise<Row[]> {
  const house = await openHouse({ folder, cache: {}, isKept: true, file: 'load.sqlite' });
  try {
    const random = seeded(SEED);
    const draw = zipf(KEYS, random);
    const versions = new Map<number, number>();
    const read = (id: number): [number, null] => [id, null];
    const warm = Array.from({ length: KEYS }, (_, id) => read(id));
    await house.load(warm, versions);
    const before = (await house.stats()).cache;
    let count = 0;
    const operations = Array.from({ length: OPERATIONS }, (): [number, number | null] =>
      random() < WRITE_SHARE ? [draw(), ++count] : read(draw()),
    );
    const stale = await house.load(operations, versions);
    const { l1, l3, hitRate } = (await house.stats()).cache;
    const reads = operations.length - count;
    // Every look that missed in memory and on disk went to the server.
    const missed = l3.misses - before.l3.misses;
    const rate = ((reads - missed) / reads) * 100;
    return [
      {
        name: 'hit rate, Zipf(1.0) over 10,000 keys, 5 % writes, tags',
        unit: '%',
        value: round2(rate),
        target: atLeast(90),
      },
      { name: 'stale reads in that load', unit: 'reads', value: stale, target: atMost(0) },
      { name: 'of it from L1', unit: '%', value: round2(((l1.hits - before.l1.hits) / reads) * 100) },
      { name: 'hit rate with the cold start', unit: '%', value: round2(hitRate * 100) },
    ];
  } finally {
    await house.close();
  }
}

interface Stats {
  readonly cache: { readonly l1: Tier; readonly l3: Tier; readonly hitRate: number };
}
interface Tier {
  readonly hits: number;
  readonly misses: number;
}

interface House {
  run(code: string, params?: JsonObject): Promise<Outcome>;
  /** Runs the operations in programs of `OPERATIONS_PER_RUN`; answers how many reads saw something else than was written. */
  load(operations: ReadonlyArray<readonly [number, number | null]>, versions: Map<number, number>): Promise<number>;
  stats(): Promise<Stats>;
  close(): Promise<void>;
}

async function openHouse({
  folder,
  cache,
  url: redisUrl,
  isKept,
  file,
}: {
  readonly folder: string;
  readonly cache: Partial<Config['cache']>;
  readonly url?: string | undefined;
  readonly isKept: boolean;
  /** Of the cache on disk. */
  readonly file: string;
}): Promise<House> {
  const environment = readEnvironment();
  const defaults = defaultConfig(environment);
  const server: StdioServerSpec = isKept ? SERVER : { ...SERVER, cache: { ttlMs: 0, tags: {} } };
  const config: Config = {
    ...defaults,
    servers: [server],
    statePath: redisUrl === undefined ? join(folder, 'state.sqlite') : undefined,
    redisUrl,
    cache: { ...defaults.cache, path: join(folder, file), ...cache },
  };
  const backend = await startSandbox(config, environment, silentLog);
  const app: App = await compose(config, environment, { log: silentLog, backend });
  const { signal } = new AbortController();
  const run = async (code: string, params?: JsonObject): Promise<Outcome> => {
    const request = params === undefined ? { code } : { code, params };
    const outcome = await app.engine.execute(request, { signal, onEvent: () => {} });
    if (outcome.status !== 'completed') throw new Error(`The run ${outcome.status}: ${JSON.stringify(outcome.error)}`);
    return outcome;
  };
  const load = async (
    operations: ReadonlyArray<readonly [number, number | null]>,
    versions: Map<number, number>,
  ): Promise<number> => {
    let stale = 0;
    for (let start = 0; start < operations.length; start += OPERATIONS_PER_RUN) {
      const part = operations.slice(start, start + OPERATIONS_PER_RUN);
      const { value } = await run(LOAD, { operations: part.map((pair) => [...pair]) });
      const seen = value as Array<number | null>;
      for (const [id, written] of part) {
        if (written !== null) versions.set(id, written);
        else if (seen.shift() !== (versions.get(id) ?? null)) stale++;
      }
    }
    return stale;
  };
  const stats = async (): Promise<Stats> => (await app.engine.stats()) as unknown as Stats;
  return { run, load, stats, close: () => app.close() };
}

/** Draws 0 … count-1, the n-th with a probability that goes as 1/n. */
function zipf(count: number, random: () => number): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) {
    sum += 1 / rank;
    sums.push(sum);
  }
  return () => {
    const point = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < point) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** The same numbers at every run: a multiply-with-carry generator. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
