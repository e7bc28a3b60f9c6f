import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Relist, relistDelayMs } from '../../src/upstream/relist.ts';

describe('Relist', () => {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const pass = async (ms: number) => {
    nowMs += ms;
    await vi.advanceTimersByTimeAsync(ms);
  };
  beforeEach(() => {
    nowMs = 0;
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('reads once for many changes', async () => {
    const relist = new Relist(clock);
    let reads = 0;
    const read = async () => {
      reads += 1;
    };
    for (let count = 0; count < 50; count += 1) relist.soon(read);
    await pass(1_000);
    expect(reads).toBe(1);
  });

  it('reads once more for changes during a reading', async () => {
    const relist = new Relist(clock);
    let reads = 0;
    const read = async () => {
      reads += 1;
      await new Promise((resolve) => setTimeout(resolve, 500));
    };
    relist.soon(read);
    await pass(300);
    expect(reads).toBe(1);
    relist.soon(read);
    relist.soon(read);
    await pass(5_000);
    expect(reads).toBe(2);
  });

  it('reads a server that changes without end less and less often', async () => {
    const relist = new Relist(clock);
    let reads = 0;
    const read = async () => {
      reads += 1;
      relist.soon(read);
    };
    relist.soon(read);
    await pass(100);
    for (let second = 0; second < 600; second += 1) await pass(1_000);
    expect(reads).toBeLessThan(40);
    expect([0, 3, 4, 5, 60].map(relistDelayMs)).toEqual([100, 100, 200, 400, 30_000]);
    relist.end();
  });

  it('reads nothing after its end', async () => {
    const relist = new Relist(clock);
    let reads = 0;
    const read = async () => {
      reads += 1;
    };
    relist.soon(read);
    relist.end();
    relist.soon(read);
    await pass(60_000);
    expect(reads).toBe(0);
  });
});
