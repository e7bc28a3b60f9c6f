import { describe, expect, it } from 'vitest';
import { createClock } from '../../src/capabilities/clock.ts';
import { systemClock } from '../../src/core/clock.ts';

describe('the clock of a run', () => {
  it('says whole milliseconds, the monotonic one from the start of the run', () => {
    const time = { now: 1_700_000_000_000.9, monotonic: 5_000.7 };
    const clock = createClock({ nowMs: () => time.now, monotonicMs: () => time.monotonic });
    expect([clock.now(), clock.monotonic()]).toEqual([1_700_000_000_000, 0]);
    time.now += 0.5;
    time.monotonic += 12.9;
    expect([clock.now(), clock.monotonic()]).toEqual([1_700_000_000_001, 12]);
  });

  it('never counts below zero', () => {
    const times = [10, 9];
    const clock = createClock({ nowMs: () => 0, monotonicMs: () => times.shift() ?? 0 });
    expect(clock.monotonic()).toBe(0);
  });

  it('runs on the system’s clocks', () => {
    const clock = createClock(systemClock);
    const [first, second] = [clock.monotonic(), clock.monotonic()];
    expect(Number.isInteger(clock.now()) && Number.isInteger(first)).toBe(true);
    expect(second).toBeGreaterThanOrEqual(first);
  });
});
