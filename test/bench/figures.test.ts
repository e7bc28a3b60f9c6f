/** What the benchmarks make of their samples; the figures themselves are no test. */
import { describe, expect, it } from 'vitest';
import { atLeast, atMost, reaches, spreadOf, tableText, timesRow } from '../../bench/figures.ts';

describe('figures of a benchmark', () => {
  it('are percentiles of the samples in whatever order they came', () => {
    const times = Array.from({ length: 100 }, (_, index) => (index * 37) % 100);
    expect(spreadOf(times)).toEqual({ count: 100, min: 0, p10: 10, p50: 50, p90: 90, p99: 99 });
  });

  it('reach a target from the right side', () => {
    const row = (value: number, target = atMost(1)) => ({ name: 'a', unit: 'ms', value, target });
    expect([row(1), row(1.01), row(3, atLeast(2)), row(1.9, atLeast(2))].map(reaches)).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(reaches({ name: 'a', unit: 'ms', value: 1 })).toBeUndefined();
  });

  it('stand in a table with their spread and what became of the target', () => {
    const rows = [
      timesRow('quick', [0.1, 0.2, 0.3], { target: atMost(0.25) }),
      { name: 'many', unit: 'runs/s', value: 2900.4, target: atLeast(3000) },
    ];
    expect(tableText(rows).split('\n')).toEqual([
      '             value    p10    p90    p99  n  target',
      'quick     0.200 ms  0.100  0.300  0.300  3  at most 0.25   reached',
      'many   2900 runs/s                          at least 3000  MISSED',
    ]);
  });
});
