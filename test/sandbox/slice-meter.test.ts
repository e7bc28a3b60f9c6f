/** The meter on a real thread: one that spins has had its time, one that waits for its turn has not. Linux tells; others do not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { SliceMeter } from '../../src/sandbox/quickjs/slice-meter.ts';
import { createMonotonic, createWatch, WatchWriter } from '../../src/sandbox/quickjs/watchdog.ts';

const onLinux = process.platform === 'linux';
const now = createMonotonic();
let thread: Worker | undefined;
let named = 0;

function start(code: string): SliceMeter {
  const name = `meter-${process.pid % 10_000}-${named++}`;
  thread = new Worker(code, { eval: true, name });
  return new SliceMeter(name);
}

/** Looks every few milliseconds, as the watchdog does, for `ms`. */
async function look(meter: SliceMeter, watch: Float64Array, ms: number): Promise<number | undefined> {
  for (const until = now() + ms; now() < until; await sleep(5)) {
    const run = meter.spent(watch, now());
    if (run !== undefined) return run;
  }
  return undefined;
}

afterEach(async () => {
  await thread?.terminate();
});

describe.runIf(onLinux)('the meter of a thread', () => {
  it('tells the run whose code has had the processor for longer than it may', async () => {
    const meter = start('for (;;);');
    const memory = createWatch();
    new WatchWriter(memory).started(7, now(), 50);
    expect(await look(meter, new Float64Array(memory), 5_000)).toBe(7);
  });

  it('says nothing of a thread that is over its time and has not had a processor', async () => {
    const meter = start('setInterval(() => {}, 1000)');
    await sleep(100);
    const memory = createWatch();
    new WatchWriter(memory).started(7, now(), 20);
    expect(await look(meter, new Float64Array(memory), 300)).toBeUndefined();
  });

  it('begins anew with each stretch', async () => {
    const meter = start('for (;;);');
    const memory = createWatch();
    const writer = new WatchWriter(memory);
    const watch = new Float64Array(memory);
    for (let stretch = 0; stretch < 10; stretch++) {
      writer.started(stretch, now(), 1_000_000);
      expect(await look(meter, watch, 30)).toBeUndefined();
      writer.ended();
    }
  });

  it('knows nothing of a thread that it cannot find', async () => {
    const memory = createWatch();
    new WatchWriter(memory).started(7, now() - 1_000, 20);
    expect(await look(new SliceMeter('no such thread'), new Float64Array(memory), 50)).toBeUndefined();
  });
});
