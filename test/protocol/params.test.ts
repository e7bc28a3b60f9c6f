import { Validator } from '@cfworker/json-schema';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptimizerError } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/json.ts';
import { checkParams } from '../../src/protocol/params.ts';
import { METHOD_SCHEMAS } from '../../src/protocol/schema.ts';

const execute = METHOD_SCHEMAS['optimizer/execute'].params;

function refusal(value: Json): OptimizerError {
  try {
    checkParams(execute, value);
  } catch (error) {
    if (error instanceof OptimizerError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('checkParams', () => {
  it('accepts every parameter of optimizer/execute', () => {
    const all = {
      code: 'return 1',
      params: { a: [1] },
      session: 's',
      tenant: 't',
      readOnly: true,
      limits: { wallMs: 100, calls: 0 },
      grants: ['tools'],
      backend: 'quickjs',
      language: 'python',
      record: false,
      check: 'warn',
      idempotencyKey: 'k',
      events: true,
      _meta: { progressToken: 1, other: {} },
    };
    expect(() => checkParams(execute, all)).not.toThrow();
  });

  it.each<[Json, string, string]>([
    [{ cod: 'x' }, 'params.cod', '`params.cod` is not a parameter; did you mean `code`?'],
    [{}, 'params.code', '`params.code`: expected string, got nothing.'],
    [{ code: 5 }, 'params.code', '`params.code`: expected string, got number 5.'],
    [{ code: null }, 'params.code', '`params.code`: expected string, got null.'],
    [{ code: '', params: [] }, 'params.params', '`params.params`: expected object, got array.'],
    [{ code: '', readOnly: 'yes' }, 'params.readOnly', '`params.readOnly`: expected boolean, got string "yes".'],
    [
      { code: '', limits: { wallMS: 5 } },
      'params.limits.wallMS',
      '`params.limits.wallMS` is not a parameter; did you mean `wallMs`?',
    ],
    [
      { code: '', limits: { wallMs: -1 } },
      'params.limits.wallMs',
      '`params.limits.wallMs`: expected whole number from 1, got number -1.',
    ],
    [
      { code: '', limits: { wallMs: 1.5 } },
      'params.limits.wallMs',
      '`params.limits.wallMs`: expected whole number from 1, got number 1.5.',
    ],
    [{ code: '', grants: ['a', 1] }, 'params.grants[1]', '`params.grants[1]`: expected string, got number 1.'],
    [
      { code: '', check: 'warm' },
      'params.check',
      '`params.check`: expected one of "error", "warn", "off", got string "warm"; did you mean "warn"?',
    ],
    [
      { code: '', session: '' },
      'params.session',
      '`params.session`: expected string of at least 1 characters, got 0 characters.',
    ],
  ])('refuses %j with path and advice', (value, path, message) => {
    const error = refusal(value);
    expect(error.code).toBe('request.params');
    expect(error.message).toBe(message);
    expect(error.data?.path).toBe(path);
  });

  it('does not take a name of Object.prototype for a known parameter', () => {
    expect(refusal(JSON.parse('{"code":"","__proto__":1}')).data?.path).toBe('params.__proto__');
    expect(refusal({ code: '', constructor: 1 }).data?.path).toBe('params.constructor');
  });

  it('agrees with a general JSON Schema validator', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null));
    const params = fc.record(
      {
        code: fc.oneof(fc.string(), value),
        params: fc.oneof(fc.dictionary(fc.string(), value), value),
        limits: fc.oneof(fc.record({ wallMs: value, calls: value }, { requiredKeys: [] }), value),
        grants: fc.oneof(fc.array(fc.string()), value),
        check: fc.oneof(fc.constantFrom('error', 'warn', 'off'), value),
        session: value,
        events: value,
        stray: value,
      },
      { requiredKeys: [] },
    );
    const validator = new Validator(JSON.parse(JSON.stringify(execute)), '2020-12');
    fc.assert(
      fc.property(params, (given) => {
        const json = JSON.parse(JSON.stringify(given)) as Json;
        let ours = true;
        try {
          checkParams(execute, json);
        } catch {
          ours = false;
        }
        expect(ours).toBe(validator.validate(json).valid);
      }),
      { numRuns: 500 },
    );
  });
});
