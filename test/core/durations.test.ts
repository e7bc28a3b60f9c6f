import { describe, expect, it } from 'vitest';
import { Durations } from '../../src/core/durations.ts';

describe('durations', () => {
  it('are all zero before the first', () => {
    expect(new Durations().figures()).toEqual({ count: 0, meanMs: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 });
  });

  it('give mean and longest exactly, and percentiles at most a fifth too high', () => {
    const durations = new Durations();
    for (let ms = 1; ms <= 1_000; ms++) durations.add(ms);
    const { count, meanMs, p50Ms, p99Ms, maxMs } = durations.figures();
    expect([count, meanMs, maxMs]).toEqual([1_000, 500.5, 1_000]);
    expect(p50Ms).toBeGreaterThanOrEqual(500);
    expect(p50Ms).toBeLessThanOrEqual(600);
    expect(p99Ms).toBeGreaterThanOrEqual(990);
    expect(p99Ms).toBeLessThanOrEqual(1_000);
  });

  it('take what is below and above every bucket', () => {
    const durations = new Durations();
    for (const ms of [0, 0.001, 1e12]) durations.add(ms);
    expect(durations.figures()).toMatchObject({ count: 3, p50Ms: 0.01, maxMs: 1e12 });
  });
});
