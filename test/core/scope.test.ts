import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { randomBytes, randomHex, sha256Hex } from '../../src/core/crypto.ts';
import { newCorrelationId, newExecutionId } from '../../src/core/ids.ts';
import { Scope } from '../../src/core/scope.ts';

describe('a scope', () => {
  it('closes what was opened in it in reverse order, each once', async () => {
    const scope = new Scope();
    const closed: string[] = [];
    scope.defer(() => void closed.push('first'));
    scope.defer(async () => {
      await Promise.resolve();
      closed.push('second');
    });
    const closing = scope.close();
    expect(scope.close()).toBe(closing);
    await closing;
    await scope.close();
    expect(closed).toEqual(['second', 'first']);
  });

  it('closes everything although one fails, and tells the first failure', async () => {
    const scope = new Scope();
    const closed: string[] = [];
    scope.defer(() => void closed.push('below'));
    scope.defer(() => {
      throw new Error('later');
    });
    scope.defer(() => Promise.reject(new Error('earlier')));
    await expect(scope.close()).rejects.toThrow('earlier');
    expect(closed).toEqual(['below']);
  });

  it('tells a failure that is no error', async () => {
    const scope = new Scope();
    scope.defer(() => Promise.reject(undefined));
    await expect(scope.close()).rejects.toBeUndefined();
  });
});

describe('ids and random bits', () => {
  it('are as long as they say, and never the same', () => {
    expect(newExecutionId()).toMatch(/^ex_[0-9a-f]{32}$/);
    expect(newCorrelationId()).toMatch(/^c_[0-9a-f]{8}$/);
    expect(randomHex()).toMatch(/^[0-9a-f]{32}$/);
    expect(randomBytes(16)).toHaveLength(16);
    expect(new Set(Array.from({ length: 1_000 }, newExecutionId)).size).toBe(1_000);
  });

  it('hashes text as UTF-8', () => {
    // FIPS 180-4, the message "abc".
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256Hex(new TextEncoder().encode('é'))).toBe(sha256Hex('é'));
  });
});

describe('the clock', () => {
  it('tells the time of day, and a time that never goes back', () => {
    expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(10_000);
    const first = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(first);
  });
});
