/**
 * `npm run soak [-- --minutes=N] [-- --waiting=N]`: honest and hostile runs mixed (one in twenty is hostile), several
 * tenants, slow tools, cancels, for as long as is asked (2 minutes). Counts runs, resident memory, handles, timers and
 * listeners at intervals; afterwards as many runs as are asked wait for a slow tool at once. Exit status 1 when memory
 * grows, when a guest stays leased, when handles pile up, or when an outcome is untyped or wrong; the whole curve is kept
 * in `bench/results/soak-DATE.json`.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { writeWhole } from '../build/files.ts';
import { openProject } from '../build/project.ts';
import { defaultConfig } from '../src/config/config.ts';
import { readEnvironment } from '../src/config/environment.ts';
import type { Outcome } from '../src/engine/outcome.ts';
import { loadNow, machineFacts } from './figures.ts';
import { type InProcess, openInProcess } from './in-process.ts';

const MiB = 1024 * 1024;
const LANES = 8;
const TENANTS = 4;
const GROWTH_MAX_MIB = 30;
const GROWTH_RUNS = 20_000;
const WAITING_MAX_MIB = 1_536;
/** Part of the time, or at least so many runs, before the first figure counts. */
const WARM_UP_PART = 0.25;
const WARM_UP_RUNS = 1_000;
const CLEANUP_MS = 1_000;
const LIMITS = { wallMs: 2_000, cpuMs: 150 };

interface Program {
  readonly code: string;
  /** `completed`, or the error codes that are right. */
  readonly ends: readonly string[];
  /** Cancelled after so many milliseconds. */
  readonly cancelMs?: number;
}

const HONEST: readonly Program[] = [
  { code: 'return 6 * 7', ends: ['completed'] },
  { code: 'return (await tools.fixture.echo({ n: 1 })).n', ends: ['completed'] },
  {
    code: 'let s = 0; for (let n = 0; n < 20; n++) s += (await tools.fixture.echo({ n })).n; return s',
    ends: ['completed'],
  },
  { code: 'return (await tools.fixture.wait({ ms: 20 })).ms', ends: ['completed'] },
  { code: 'console.log("x".repeat(500)); return Array.from({ length: 500 }, (_, i) => ({ i }))', ends: ['completed'] },
  { code: 'await new Promise((done) => setTimeout(done, 5)); return new Date().toISOString()', ends: ['completed'] },
  { code: 'throw new Error("no")', ends: ['program.error'] },
  { code: 'return await tools.fixture.wait({ ms: 60000 })', ends: ['request.cancelled'], cancelMs: 15 },
];
const HOSTILE: readonly Program[] = [
  { code: 'for (;;);', ends: ['limit.cpu'] },
  { code: 'return [].indexOf.call({ length: 2 ** 53 - 1 }, 1)', ends: ['limit.cpu'] },
  { code: 'const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))', ends: ['limit.memory', 'limit.cpu'] },
  { code: 'const f = () => f() + 1; return f()', ends: ['limit.stack'] },
  { code: 'await new Promise(() => {})', ends: ['program.stalled'] },
  { code: 'for (;;) tools.fixture.echo({ n: 1 }).catch(() => {})', ends: ['limit.cpu', 'limit.memory', 'limit.calls'] },
  { code: 'for (;;) { await null }', ends: ['limit.cpu'] },
];
const HOSTILE_PART = 0.05;
/** What an innocent run may end as when the worker under it was killed twice. */
const NEIGHBOUR = ['sandbox.lost'];

interface Sample {
  readonly seconds: number;
  readonly runs: number;
  readonly rssMib: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: number;
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '2' }, waiting: { type: 'string', default: '1000' } },
});
const { root } = openProject();
const environment = readEnvironment();
const defaults = defaultConfig(environment);
const waiting = Number(values.waiting);
const problems: string[] = [];
process.on('unhandledRejection', (error) => problems.push(`unhandled: ${String(error)}`));

const house = await openInProcess({
  limits: { ...defaults.limits, runsInFlight: Math.max(256, waiting) },
  pool: { ...defaults.pool, poolCleanupIntervalMs: CLEANUP_MS },
});
const started = performance.now();
const samples: Sample[] = [];
const ends: Record<string, number> = {};
let runs = 0;
let lost = 0;
try {
  await soak(Number(values.minutes) * 60_000);
  await settle();
  samples.push(sampleNow());
  const growth = growthOf(samples);
  const burst = await waitAtOnce(house, waiting);
  await report(growth, burst);
} finally {
  await house.close();
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;

async function soak(forMs: number): Promise<void> {
  const until = started + forMs;
  let everyMs = started;
  await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      for (let turn = lane; performance.now() < until; turn++) {
        const isHostile = turn % (1 / HOSTILE_PART) === 0;
        const list = isHostile ? HOSTILE : HONEST;
        await one(list[(turn * 7 + Math.floor(turn / 20)) % list.length] as Program, turn, isHostile);
        if (lane > 0 || performance.now() < everyMs) continue;
        everyMs += Math.max(2_000, forMs / 60);
        samples.push(sampleNow());
      }
    }),
  );
}

async function one(program: Program, turn: number, isHostile: boolean): Promise<void> {
  const abort = new AbortController();
  const timer = program.cancelMs === undefined ? undefined : setTimeout(() => abort.abort(), program.cancelMs);
  const tenant = isHostile ? 'hostile' : `tenant-${turn % TENANTS}`;
  let outcome: Outcome;
  try {
    outcome = await house.app.engine.execute(
      { code: program.code, tenant, limits: LIMITS },
      { signal: abort.signal, onEvent: () => {} },
    );
  } catch (error) {
    problems.push(`${program.code}: threw ${String(error)}`);
    return;
  } finally {
    clearTimeout(timer);
    runs++;
  }
  const end = outcome.error?.code ?? outcome.status;
  ends[end] = (ends[end] ?? 0) + 1;
  if (NEIGHBOUR.includes(end)) lost++;
  // A run that shares its thread with hostile ones may be out of time for them; what it may not be is wrong.
  else if (!program.ends.includes(end) && end !== 'limit.time')
    problems.push(`${program.code}: ended as ${end}: ${outcome.error?.message}`);
}

/** Lets the hostile runs' threads end and two clean-ups pass. */
async function settle(): Promise<void> {
  await sleep(3 * CLEANUP_MS);
}

function sampleNow(): Sample {
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const rssMib = Math.round(process.memoryUsage.rss() / MiB);
  return { seconds: Math.round((performance.now() - started) / 1000), runs, rssMib, resources, listeners };
}

/** MiB per 20,000 runs after the warm-up: the lowest of the last third against the lowest of the first. */
function growthOf(all: readonly Sample[]): {
  readonly mibPer20k: number;
  readonly fromMib: number;
  readonly toMib: number;
} {
  const counted = all.filter((sample, at) => at >= all.length * WARM_UP_PART && sample.runs >= WARM_UP_RUNS);
  const third = Math.max(1, Math.floor(counted.length / 3));
  const [first, last] = [counted.slice(0, third), counted.slice(-third)];
  const lowest = (some: readonly Sample[]): number => Math.min(...some.map(({ rssMib }) => rssMib));
  const span = (last.at(-1)?.runs ?? 0) - (first[0]?.runs ?? 0);
  const [fromMib, toMib] = [lowest(first), lowest(last)];
  return { mibPer20k: ((toMib - fromMib) * GROWTH_RUNS) / Math.max(span, GROWTH_RUNS), fromMib, toMib };
}

interface Burst {
  readonly runs: number;
  readonly seconds: number;
  readonly peakMib: number;
  readonly afterMib: number;
}

/** So many runs, each on a tool of two seconds, at once. */
async function waitAtOnce({ app }: InProcess, count: number): Promise<Burst> {
  let peakMib = 0;
  const watch = setInterval(() => {
    peakMib = Math.max(peakMib, Math.round(process.memoryUsage.rss() / MiB));
  }, 50);
  const before = performance.now();
  const { signal } = new AbortController();
  const outcomes = await Promise.all(
    Array.from({ length: count }, () =>
      app.engine.execute({ code: 'return (await tools.fixture.wait({ ms: 2000 })).ms' }, { signal, onEvent: () => {} }),
    ),
  );
  const seconds = (performance.now() - before) / 1000;
  clearInterval(watch);
  const failed = outcomes.filter(({ status }) => status !== 'completed');
  if (failed.length > 0)
    problems.push(`${failed.length} of ${count} waiting runs failed: ${failed[0]?.error?.message}`);
  await sleep(4 * CLEANUP_MS);
  return { runs: count, seconds, peakMib, afterMib: Math.round(process.memoryUsage.rss() / MiB) };
}

async function report(growth: ReturnType<typeof growthOf>, burst: Burst): Promise<void> {
  const stats = (await house.app.engine.stats()) as {
    sandbox: { guests: { leased: number; warm: number } };
    runs: object;
  };
  const [first, last] = [samples.find((sample) => sample.runs >= WARM_UP_RUNS), samples.at(-1)];
  if (growth.mibPer20k > GROWTH_MAX_MIB)
    problems.push(`resident memory grew by ${Math.round(growth.mibPer20k)} MiB per ${GROWTH_RUNS} runs`);
  if (stats.sandbox.guests.leased > 0) problems.push(`${stats.sandbox.guests.leased} guests are still leased`);
  if (burst.peakMib > WAITING_MAX_MIB) problems.push(`${burst.runs} waiting runs took ${burst.peakMib} MiB`);
  for (const [name, count] of Object.entries(last?.resources ?? {})) {
    const before = first?.resources[name] ?? 0;
    if (count > before + LANES) problems.push(`${name}: ${count} active, ${before} before`);
  }
  if (last && first && last.listeners > first.listeners)
    problems.push(`${last.listeners} listeners, ${first.listeners} before`);
  const date = new Date().toISOString();
  const file = join(root, 'bench/results', `soak-${date.slice(0, 10)}.json`);
  const facts = {
    date,
    machine: machineFacts(root),
    load: loadNow(),
    runs,
    lost,
    ends,
    growth,
    burst,
    stats,
    samples,
    problems,
  };
  writeWhole(file, `${JSON.stringify(facts, null, 2)}\n`);
  const perSecond = Math.round(runs / ((last?.seconds ?? 1) || 1));
  console.log(`${runs} runs (${perSecond}/s), ${lost} lost with a neighbour's worker; ends ${JSON.stringify(ends)}`);
  console.log(
    `resident ${growth.fromMib} → ${growth.toMib} MiB: ${growth.mibPer20k.toFixed(1)} MiB per ${GROWTH_RUNS} runs`,
  );
  console.log(
    `${burst.runs} waiting at once: ${burst.seconds.toFixed(1)} s, peak ${burst.peakMib} MiB, ${burst.afterMib} MiB after clean-up`,
  );
  console.log(JSON.stringify(stats.sandbox));
}
