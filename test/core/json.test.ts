import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteLength, canonicalJson, isJsonObject, jsonHash } from '../../src/core/json.ts';

describe('canonical JSON', () => {
  it('sorts keys by UTF-16 units and has no white space', () => {
    // RFC 8785 section 3.2.3: the keys of its own example, in its order.
    const value = { '€': 1, '\r': 2, '1': 3, '\u0080': 4, '😂': 5, ö: 6, '\ufb33': 7 };
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":3,"\u0080":4,"ö":6,"€":1,"😂":5,"\ufb33":7}');
    expect(canonicalJson({ b: [1, { d: null, c: true }], a: 'x' })).toBe('{"a":"x","b":[1,{"c":true,"d":null}]}');
  });

  it('writes numbers as the language does', () => {
    expect(canonicalJson([333333333.3333333, 1e30, 4.5, 2e-3, -0])).toBe('[333333333.3333333,1e+30,4.5,0.002,0]');
  });

  it('leaves undefined members out, and writes holes as null', () => {
    expect(canonicalJson({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}');
    expect(canonicalJson(undefined)).toBe('null');
  });

  it('is the same for equal values, and JSON again', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it('gives a short hash that does not hang on the order of keys', () => {
    expect(jsonHash({ a: 1, b: 2 })).toBe(jsonHash({ b: 2, a: 1 }));
    expect(jsonHash({ a: 1 })).not.toBe(jsonHash({ a: 2 }));
    expect(jsonHash(null)).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('JSON', () => {
  it('tells objects from everything else', () => {
    expect([{}, { a: 1 }].every(isJsonObject)).toBe(true);
    expect([null, [], 'a', 1, undefined].some(isJsonObject)).toBe(false);
  });

  it('measures text in UTF-8 bytes', () => {
    expect(byteLength('aé€😀')).toBe(1 + 2 + 3 + 4);
  });
});
