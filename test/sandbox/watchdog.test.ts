import { describe, expect, it } from 'vitest';
import {
  askToStop,
  busySince,
  createMonotonic,
  createWatch,
  overdueRun,
  runningRun,
  WatchWriter,
} from '../../src/sandbox/quickjs/watchdog.ts';

describe('the watch', () => {
  it('tells which run a thread is in, since when, and that it is overdue only past allowance and tolerance', () => {
    const shared = createWatch();
    const [writer, seen] = [new WatchWriter(shared), new Float64Array(shared)];
    expect([runningRun(seen), busySince(seen), overdueRun(seen, 9_999, 0)]).toEqual([undefined, 0, undefined]);
    writer.started(7, 1_000, 50);
    expect([runningRun(seen), busySince(seen)]).toEqual([7, 1_000]);
    expect(overdueRun(seen, 1_150, 100)).toBeUndefined();
    expect(overdueRun(seen, 1_151, 100)).toBe(7);
    writer.ended();
    expect([runningRun(seen), overdueRun(seen, 9_999, 0)]).toEqual([undefined, undefined]);
  });

  it('gives a run whose allowance is used up the tolerance all the same', () => {
    const shared = createWatch();
    new WatchWriter(shared).started(1, 1_000, -40);
    const seen = new Float64Array(shared);
    expect(overdueRun(seen, 1_090, 100)).toBeUndefined();
    expect(overdueRun(seen, 1_101, 100)).toBe(1);
  });

  it('carries the wish to stop to the run that it is for', () => {
    const shared = createWatch();
    const writer = new WatchWriter(shared);
    askToStop(new Float64Array(shared), 3);
    expect([writer.stopAsked(3), writer.stopAsked(4)]).toEqual([true, false]);
  });
});

describe('the monotonic clock', () => {
  it('is the same for all who make one, and never goes back', () => {
    const [first, second] = [createMonotonic(), createMonotonic()];
    const times = [first(), second(), first(), second()];
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(1_000);
    let last = first();
    for (let turn = 0; turn < 1_000; turn++) {
      const now = first();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });
});
