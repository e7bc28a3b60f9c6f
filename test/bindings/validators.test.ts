import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundaryError } from '../../src/bindings/boundary-error.ts';
import { INTERFACES } from '../../src/bindings/generated/interfaces.ts';
import { checkArguments, checkHostError, checkResult } from '../../src/bindings/generated/validators.ts';

const HOST_ERROR = { code: 'limit.calls', kind: 'limit', message: 'Too many.', retryable: false, issues: [] };

/** Text as a guest can send it: no lone surrogates. */
const text = fc.string({ unit: 'binary' });
const json = fc.jsonValue() as fc.Arbitrary<unknown>;
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const level = fc.constantFrom('debug', 'info', 'warn', 'error');
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

/** Arguments that fit, by function. */
const ACCEPTED: Record<string, fc.Arbitrary<unknown[]>> = {
  'blobs.load': fc.tuple(text),
  'clock.now': fc.constant([]),
  'clock.monotonic': fc.constant([]),
  'console.write': fc.tuple(level, text),
  'content.emit': fc.tuple(fc.json().map((text) => JSON.parse(text) as unknown)),
  'context.delete': fc.tuple(text),
  'context.get': fc.tuple(text),
  'context.increment': fc.oneof(fc.tuple(text, finite), fc.tuple(text, finite, finite)),
  'context.list': fc.oneof(fc.constant<unknown[]>([]), fc.tuple(text)),
  'context.set': fc.oneof(fc.tuple(text, json), fc.tuple(text, json, finite), fc.tuple(text, json, finite, u32)),
  'intents.call': fc.tuple(text, json),
  'random.bytes': fc.tuple(u32),
  'random.uuid': fc.constant([]),
  'timers.sleep': fc.tuple(finite),
  'tools.call': fc.tuple(text, text, json, fc.boolean()),
  'tools.names': fc.array(text, { maxLength: 1 }),
  'tools.search': fc.oneof(fc.tuple(text), fc.tuple(text, u32)),
  'url.parse': fc.oneof(fc.tuple(text), fc.tuple(text, text)),
  'url.update': fc.tuple(text, text, text),
};

function functionNames(): string[] {
  return Object.entries(INTERFACES).flatMap(([owner, functions]) =>
    Object.keys(functions).map((name) => `${owner}.${name}`),
  );
}

function split(name: string): [string, string] {
  const [owner = '', fn = ''] = name.split('.');
  return [owner, fn];
}

function refusal(act: () => unknown): BoundaryError {
  try {
    act();
  } catch (error) {
    if (error instanceof BoundaryError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
}

describe('checkArguments', () => {
  it('has an example here for every function of wit/', () => {
    expect(Object.keys(ACCEPTED).sort()).toEqual(functionNames().sort());
  });

  it.each(Object.keys(ACCEPTED))('takes what fits %s, unchanged', (name) => {
    fc.assert(
      fc.property(ACCEPTED[name] as fc.Arbitrary<unknown[]>, (args) => {
        const checked = checkArguments(...split(name), args);
        expect(checked.slice(0, args.length)).toEqual(args);
        expect(checked.slice(args.length).every((missing) => missing === undefined)).toBe(true);
      }),
    );
  });

  it.each(Object.keys(ACCEPTED))('refuses too many and too few arguments for %s', (name) => {
    const [owner, fn] = split(name);
    const shapes = INTERFACES as Readonly<Record<string, Readonly<Record<string, { arity: readonly number[] }>>>>;
    const [min = 0, max = 0] = shapes[owner]?.[fn]?.arity ?? [];
    fc.assert(
      fc.property(ACCEPTED[name] as fc.Arbitrary<unknown[]>, (args) => {
        const padded = [...args, ...Array.from({ length: max + 1 - args.length }, () => null)];
        expect(refusal(() => checkArguments(owner, fn, padded)).path).toBe('args');
        if (min > 0) expect(refusal(() => checkArguments(owner, fn, args.slice(0, min - 1))).path).toBe('args');
      }),
    );
  });

  it('takes `null` for an optional argument', () => {
    expect(checkArguments('tools', 'search', ['a', null])).toEqual(['a', undefined]);
    expect(checkArguments('tools', 'names', [null])).toEqual([undefined]);
  });

  it.each<[string, unknown, string]>([
    ['tools.search', ['a', -1], 'limit: expected u32, received -1'],
    ['tools.search', ['a', 1.5], 'limit: expected u32, received 1.5'],
    ['tools.search', ['a', 4_294_967_296], 'limit: expected u32, received 4294967296'],
    ['tools.search', ['a', '7'], 'limit: expected u32, received a string of 1 characters'],
    ['tools.search', [7], 'query: expected string, received 7'],
    ['tools.search', ['\ud800'], 'query: expected a well-formed string (no lone surrogate)'],
    ['tools.search', [], 'args: expected 1..2 arguments, received 0'],
    ['tools.search', 'a', 'args: expected an array, received a string of 1 characters'],
    ['tools.search', { 0: 'a', length: 1 }, 'args: expected an array, received an object'],
    ['tools.call', ['a', 'b', undefined, true], 'arguments: expected a JSON value, received nothing'],
    ['tools.call', ['a', 'b', {}, 1], 'raw: expected bool, received 1'],
    ['tools.call', ['a', 'b', {}], 'args: expected 4 arguments, received 3'],
    ['console.write', ['log', 'a'], 'level: expected one of debug|info|warn|error'],
    ['console.write', ['constructor', 'a'], 'level: expected one of debug|info|warn|error'],
    ['console.write', [['info'], 'a'], 'level: expected one of debug|info|warn|error, received an array of 1'],
    ['timers.sleep', [null], 'ms: expected f64, received null'],
    ['timers.sleep', [Number.NaN], 'ms: expected f64, received NaN'],
    ['timers.sleep', [Number.POSITIVE_INFINITY], 'ms: expected f64, received Infinity'],
    ['random.bytes', ['16'], 'length: expected u32, received a string of 2 characters'],
    ['clock.now', [1], 'args: expected 0 arguments, received 1'],
  ])('refuses a wrong call of %s and names the place: %j', (name, args, message) => {
    const error = refusal(() => checkArguments(...split(name), args));
    expect(error.message).toContain(message);
    expect(error.code).toBe('program.error');
    expect(error.data).toEqual({ path: error.path, expected: error.expected });
  });

  it('refuses every u32 out of range and takes every one within', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.maxSafeInteger(), fc.integer()), (value) => {
        const fits = Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
        if (fits) expect(checkArguments('random', 'bytes', [value])).toEqual([value + 0]);
        else expect(refusal(() => checkArguments('random', 'bytes', [value])).path).toBe('length');
      }),
    );
  });

  it('never shows the text of a refused value', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 40 }), (secret) => {
        fc.pre(!'level: expected one of debug|info|warn|error, received a string of characters'.includes(secret));
        const error = refusal(() => checkArguments('console', 'write', [`<<${secret}>>`, 'a']));
        expect(JSON.stringify([error.message, error.data])).not.toContain(`<<${secret}>>`);
      }),
    );
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', '', 'Tools', 'to\0ols'])(
    'refuses the name %j as an interface and as a function',
    (name) => {
      expect(refusal(() => checkArguments(name, 'call', [])).path).toBe('interface');
      const error = refusal(() => checkArguments('tools', name, []));
      expect(error.message).toContain('function: expected one of call|names|search');
      expect(refusal(() => checkResult('tools', name, null)).path).toBe('function');
    },
  );

  it('takes any value at all without another error than a refusal', () => {
    fc.assert(
      fc.property(fc.constantFrom(...functionNames()), fc.anything(), (name, args) => {
        try {
          expect(Array.isArray(checkArguments(...split(name), args))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(BoundaryError);
        }
      }),
    );
  });
});

describe('checkResult', () => {
  it.each<[string, unknown, unknown]>([
    ['clock.now', 5, 5],
    ['console.write', undefined, null],
    ['timers.sleep', undefined, null],
    ['random.bytes', Uint8Array.of(0, 255), [0, 255]],
    ['random.uuid', 'a', 'a'],
    ['tools.call', { a: [1, null] }, { a: [1, null] }],
    ['tools.call', null, null],
    ['tools.names', ['a', 'b'], ['a', 'b']],
  ])('gives the result of %s its form on the wire: %j', (name, value, wire) => {
    expect(checkResult(...split(name), value)).toEqual(wire);
  });

  it.each<[string, unknown, string]>([
    ['clock.now', '5', 'result: expected f64'],
    ['random.bytes', [1, 2], 'result: expected bytes, received an array of 2'],
    ['random.uuid', undefined, 'result: expected string, received nothing'],
    ['tools.call', undefined, 'result: expected a JSON value, received nothing'],
    ['tools.call', 1n, 'result: expected a JSON value, received a bigint'],
    ['tools.call', () => 1, 'result: expected a JSON value, received a function'],
    ['tools.call', Number.NaN, 'result: expected a JSON value, received NaN'],
    ['tools.names', ['a', 1], 'result[1]: expected string, received 1'],
    ['tools.names', new Array(2), 'result[0]: expected string, received nothing'],
  ])('refuses a wrong result of %s as a fault of ours: %s', (name, value, message) => {
    const error = refusal(() => checkResult(...split(name), value));
    expect(error.message).toContain(message);
    expect(error.code).toBe('internal.error');
  });

  it('answers with a copy of a list, so that the host cannot change what was checked', () => {
    const names = ['a'];
    const checked = checkResult('tools', 'names', names);
    names.push('b');
    expect(checked).toEqual(['a']);
  });
});

describe('checkHostError', () => {
  it('takes the declared fields, optional ones or not', () => {
    expect(checkHostError(HOST_ERROR)).toEqual(HOST_ERROR);
    const full = { ...HOST_ERROR, tool: 'a.b', hint: 'Wait.', data: { retryAfterMs: 5 }, issues: ['x'] };
    expect(checkHostError(full)).toEqual(full);
    expect(checkHostError({ ...HOST_ERROR, tool: undefined, data: null })).toEqual(HOST_ERROR);
  });

  it.each<[string, unknown, string]>([
    ['a stack', { ...HOST_ERROR, stack: 'at /secret' }, 'error: expected a record of code'],
    ['a prototype', JSON.parse(JSON.stringify(HOST_ERROR).replace('{', '{"__proto__": 1,')), 'one with another key'],
    ['no code', { ...HOST_ERROR, code: undefined }, 'error.code: expected string, received nothing'],
    ['a missing key', { code: 'a.b' }, 'error: expected a record with the key `kind`'],
    ['a wrong issue', { ...HOST_ERROR, issues: ['a', {}] }, 'error.issues[1]: expected string, received an object'],
    ['an array', [], 'error: expected a record, received an array of 0'],
    ['null', null, 'error: expected a record, received null'],
  ])('refuses %s', (_, value, message) => {
    const error = refusal(() => checkHostError(value));
    expect(error.message).toContain(message);
    expect(error.code).toBe('internal.error');
    expect(error.message).not.toContain('secret');
  });
});
