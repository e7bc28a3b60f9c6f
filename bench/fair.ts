/**
 * Suite `fair`: what an honest run costs while hostile ones fill every other place. In this process, on the whole house:
 * first idle, then beside hogs that ask the interrupt handler, then beside builtins that never do and whose threads are
 * ended. The honest run is timed from the request to the outcome, also when its worker was killed and it was run again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultConfig } from '../src/config/config.ts';
import { readEnvironment } from '../src/config/environment.ts';
import { atMost, type Row, spreadOf, timesRow } from './figures.ts';
import { type InProcess, openInProcess } from './in-process.ts';

const HONEST = 'return (await tools.fixture.echo({ n: 1 })).n';
const HOG = 'for (;;);';
const STUCK = 'return [].indexOf.call({ length: 2 ** 53 - 1 }, 1)';
const CPU_MS = 100;
const RUNS = 200;
const CROWDED_RUNS = 12;
/** Between honest runs, so that they meet many hostile ones. */
const PAUSE_MS = 10;
const WARM_UP_RUNS = 200;

export async function fairSuite(): Promise<Row[]> {
  const defaults = defaultConfig(readEnvironment());
  const workers = Math.max(2, defaults.pool.max);
  const house = await openInProcess({ pool: { ...defaults.pool, min: workers, max: workers } });
  try {
    for (let run = 0; run < WARM_UP_RUNS; run++) await house.run(HONEST);
    const idle = await honestTimes(house, RUNS);
    const target = atMost(2 * spreadOf(idle).p99 + CPU_MS);
    // One place is the honest run's; every other one always holds a hostile run.
    const places = workers - 1;
    const hogs = await beside(house, HOG, places);
    const crowd = await beside(house, HOG, 4 * workers, CROWDED_RUNS);
    const stuck = await beside(house, STUCK, places);
    return [
      p99Row('honest run, idle, p99', idle),
      p99Row(`honest run beside ${places} × \`for (;;);\` of ${CPU_MS} ms, p99`, hogs, target),
      p99Row(`honest run beside ${places} × a builtin that never asks, p99`, stuck, target),
      p99Row(`honest run beside ${4 * workers} × \`for (;;);\` on ${workers} workers, p99`, crowd),
    ];
  } finally {
    await house.close();
  }
}

async function honestTimes(house: InProcess, runs: number): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    await execute(house, HONEST, 'honest');
    times.push(performance.now() - started);
    await sleep(PAUSE_MS);
  }
  return times;
}

/** Times of honest runs while `places` lanes run `code` without a pause. */
async function beside(house: InProcess, code: string, places: number, runs = RUNS): Promise<number[]> {
  let over = false;
  const lanes = Array.from({ length: places }, async () => {
    while (!over) await execute(house, code, 'hostile');
  });
  try {
    return await honestTimes(house, runs);
  } finally {
    over = true;
    await Promise.all(lanes);
  }
}

async function execute({ app }: InProcess, code: string, tenant: string): Promise<void> {
  const { signal } = new AbortController();
  const limits = tenant === 'honest' ? {} : { cpuMs: CPU_MS };
  const { error } = await app.engine.execute({ code, tenant, limits }, { signal, onEvent: () => {} });
  if (tenant === 'honest' && error) throw new Error(`an honest run ended as ${error.code}: ${error.message}`);
}

function p99Row(name: string, times: readonly number[], target?: Row['target']): Row {
  const row = timesRow(name, times);
  return { ...row, value: row.samples?.p99 ?? Number.NaN, ...(target ? { target } : {}) };
}
