/**
 * Suite `session`: what it costs to go on with the variables of a session, and what they take on disk. In this process, on
 * a SQLite file of its own, with rows as programs keep them (ids, names, words, numbers, dates: no two alike).
 *
 * `resume` is the time from the request to the first call that its program makes: reading the store, undoing the
 * compression, laying the memory over a guest, starting the program. The whole run also keeps the session again.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../src/core/json.ts';
import type { Outcome } from '../src/engine/outcome.ts';
import { atMost, type Row, spreadOf, timesRow } from './figures.ts';
import { openInProcess } from './in-process.ts';

const RUNS = 400;
const WARM_UP = 40;
const SESSIONS = 1_000;
/** Heap of the large session, and of each of the many. */
const LARGE_BYTES = 1_000_000;
const SMALL_BYTES = 200 * 1000;

export async function sessionSuite(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-session-'));
  const statePath = join(folder, 'state.sqlite');
  const house = await openInProcess({ statePath });
  let calledMs = 0;
  const answer = { content: [{ type: 'text', text: '{}' }], structuredContent: {} } as JsonObject;
  Object.assign(house.app.fleet, {
    call: async () => {
      calledMs = performance.now();
      return answer;
    },
  });
  const { signal } = new AbortController();
  const run = async (code: string, session?: string, tenant = 'bench'): Promise<Outcome> => {
    const request = session === undefined ? { code, tenant } : { code, session, tenant };
    const outcome = await house.app.engine.execute(request, { signal, onEvent: () => {} });
    if (outcome.status !== 'completed') throw new Error(JSON.stringify(outcome.error));
    return outcome;
  };
  const timed = async (session?: string): Promise<{ resume: number[]; whole: number[] }> => {
    const resume: number[] = [];
    const whole: number[] = [];
    for (let round = 0; round < WARM_UP + RUNS; round++) {
      const started = performance.now();
      await run('await tools.fixture.echo({ n: 1 }); return 1', session);
      if (round < WARM_UP) continue;
      resume.push(calledMs - started);
      whole.push(performance.now() - started);
    }
    return { resume, whole };
  };
  try {
    const empty = (await run('return 1', 'empty')).usage.memoryPeakBytes;
    const large = await rowsFor(LARGE_BYTES, empty, run);
    const small = await rowsFor(SMALL_BYTES, empty, run);
    const largePeak = (await run(keep(large, 1), 'large')).usage.memoryPeakBytes;
    const bare = await timed();
    const fresh = await timed('empty');
    const kept = await timed('large');
    const before = sizeOf(statePath);
    let peak = 0;
    const started = performance.now();
    for (let n = 0; n < SESSIONS; n++)
      peak = (await run(keep(small, n + 2), `many-${n}`, 'many')).usage.memoryPeakBytes;
    const writtenMs = (performance.now() - started) / SESSIONS;
    const disk = sizeOf(statePath) - before;
    const listStarted = performance.now();
    const listed = (await house.app.engine.state().sessionList('many')).length;
    const listMs = performance.now() - listStarted;
    return [
      timesRow('request to first call, no session', bare.resume),
      timesRow('request to first call, session without variables', fresh.resume),
      timesRow(`request to first call, session with a heap of ${mb(largePeak - empty)}`, kept.resume),
      {
        name: 'resume: what that session adds to a run without one',
        unit: 'ms',
        value: spreadOf(kept.resume).p50 - spreadOf(bare.resume).p50,
        target: atMost(3),
        note: 'store, decompression, memory',
      },
      timesRow('whole run with one call, no session', bare.whole),
      timesRow('whole run with one call, session without variables, kept again', fresh.whole),
      timesRow(`whole run with one call, session with a heap of ${mb(largePeak - empty)}, kept again`, kept.whole),
      {
        name: `${SESSIONS} sessions of ${mb(peak - empty)} each, on disk`,
        unit: 'MB',
        value: disk / 1e6,
        target: atMost(60),
        note: `the SQLite file with its log; ${listed} sessions listed in ${listMs.toFixed(0)} ms`,
      },
      { name: 'one of them, made and kept', unit: 'ms', value: writtenMs },
    ];
  } finally {
    await house.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A program that keeps `count` rows; `seed` makes them unlike those of other sessions. */
function keep(count: number, seed: number): string {
  return `
    const words = 'order invoice customer pending shipped Berlin Lisbon Osaka blue large refund carrier priority note'.split(' ');
    let state = ${seed};
    const next = (n) => (state = (state * 1103515245 + 12345) % 2147483648) % n;
    const rows = Array.from({ length: ${count} }, (_, id) => ({
      id: id * 7 + next(7),
      name: words[next(14)] + ' ' + words[next(14)] + ' ' + next(100000),
      total: next(1000000) / 100,
      at: new Date(1.7e12 + next(1e9)).toISOString(),
      tags: [words[next(14)], words[next(14)]],
    }));
    return rows.length`;
}

/** How many rows make a heap of about `bytes`. */
async function rowsFor(
  bytes: number,
  empty: number,
  run: (code: string, session: string) => Promise<Outcome>,
): Promise<number> {
  const heapOf = async (count: number): Promise<number> =>
    (await run(keep(count, 1), `try-${count}`)).usage.memoryPeakBytes - empty;
  const tried = 4_000;
  const each = (await heapOf(tried)) / tried;
  let count = Math.floor(bytes / each);
  while ((await heapOf(count)) < bytes) count = Math.ceil(count * 1.005);
  return count;
}

function sizeOf(path: string): number {
  return [path, `${path}-wal`].reduce((sum, file) => {
    try {
      return sum + statSync(file).size;
    } catch {
      return sum;
    }
  }, 0);
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
