import { describe, expect, it } from 'vitest';
import { STUBS } from '../../guest/generated/stubs.ts';
import { INTERFACES } from '../../src/bindings/generated/interfaces.ts';
import { checkHostError } from '../../src/bindings/generated/validators.ts';
import { HostFailure, hostFailure } from '../../src/bindings/host-failure.ts';
import { OptimizerError } from '../../src/core/errors.ts';

describe('the table of interfaces', () => {
  it('says how each function is called', () => {
    expect(INTERFACES.tools.call).toEqual({ async: true, arity: [4, 4] });
    expect(INTERFACES.tools.names).toEqual({ async: false, arity: [0, 1] });
    expect(INTERFACES.tools.search).toEqual({ async: true, arity: [1, 2] });
    expect(INTERFACES.console.write).toEqual({ async: false, arity: [2, 2] });
    expect(INTERFACES.timers.sleep).toEqual({ async: true, arity: [1, 1] });
  });

  it('has no prototype and cannot be changed, at any depth', () => {
    expect(Object.getPrototypeOf(INTERFACES)).toBe(null);
    expect(Object.isFrozen(INTERFACES)).toBe(true);
    for (const functions of Object.values(INTERFACES)) {
      expect(Object.getPrototypeOf(functions)).toBe(null);
      expect(Object.isFrozen(functions)).toBe(true);
      for (const shape of Object.values(functions)) {
        expect(Object.isFrozen(shape)).toBe(true);
        expect(Object.isFrozen(shape.arity)).toBe(true);
      }
    }
  });

  it('agrees with the table that the guest is built from', () => {
    const fromHost = Object.entries(INTERFACES).map(([owner, functions]) => [
      owner,
      Object.fromEntries(Object.entries(functions).map(([name, shape]) => [name, shape.async ? 1 : 0])),
    ]);
    expect(STUBS).toEqual(Object.fromEntries(fromHost));
  });
});

describe('hostFailure', () => {
  it('takes the declared fields of an error of the house and nothing else', () => {
    const cause = new Error('private');
    const error = new OptimizerError('state.unavailable', 'The store is away.', {
      hint: 'Wait.',
      data: { retryAfterMs: 5 },
      cause,
    });
    const failure = hostFailure(error, { tool: 'a.b', issues: ['x'] });
    expect(failure).toBeInstanceOf(HostFailure);
    expect(failure.message).toBe('The store is away.');
    expect(failure.record).toEqual({
      code: 'state.unavailable',
      kind: 'state',
      message: 'The store is away.',
      tool: 'a.b',
      hint: 'Wait.',
      retryable: true,
      issues: ['x'],
      data: { retryAfterMs: 5 },
    });
  });

  it('replaces lone surrogates in the words of a server, so that the record passes the border', () => {
    const error = new OptimizerError('upstream.toolError', 'half \ud83d, whole 😀', { hint: '\udc00' });
    const { record } = hostFailure(error, { tool: 'a.\ud800', issues: ['\ud800x'] });
    expect(record).toMatchObject({
      message: 'half \ufffd, whole 😀',
      hint: '\ufffd',
      tool: 'a.\ufffd',
      issues: ['\ufffdx'],
    });
    expect(checkHostError(record)).toEqual(record);
  });

  it('leaves out what the error does not have', () => {
    const { record } = hostFailure(new OptimizerError('denied.tool', 'No.'));
    expect(record).toEqual({ code: 'denied.tool', kind: 'denied', message: 'No.', retryable: false, issues: [] });
    expect(Object.keys(record)).not.toContain('hint');
  });
});
