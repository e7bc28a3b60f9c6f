import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, LIMITS, type LimitName, lowerLimits } from '../../src/sandbox/limits.ts';

describe('limits', () => {
  it('have a default between their least and their most, and a reason', () => {
    for (const [name, row] of Object.entries(LIMITS)) {
      expect(row.default, name).toBeGreaterThanOrEqual(row.min);
      expect(row.default, name).toBeLessThanOrEqual(row.max);
      expect(row.reason, name).toMatch(/\.$/);
      expect(DEFAULT_LIMITS[name as LimitName]).toBe(row.default);
    }
  });

  it('can be lowered by a request, never raised, and not below their least', () => {
    const lowered = lowerLimits(DEFAULT_LIMITS, { wallMs: 500, cpuMs: 9_999_999, memoryBytes: 1 });
    expect(lowered.wallMs).toBe(500);
    expect(lowered.cpuMs).toBe(DEFAULT_LIMITS.cpuMs);
    expect(lowered.memoryBytes).toBe(LIMITS.memoryBytes.min);
    expect(lowered.calls).toBe(DEFAULT_LIMITS.calls);
    expect(lowerLimits(DEFAULT_LIMITS)).toEqual(DEFAULT_LIMITS);
  });

  it('keep the guest’s stack within what the worker’s own was tested with', () => {
    expect(LIMITS.stackBytes.max).toBe(256 * 1024);
    expect(DEFAULT_LIMITS.stackBytes).toBe(LIMITS.stackBytes.max);
  });
});
