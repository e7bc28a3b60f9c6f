import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { createRedactor, REDACTED } from '../../src/policy/redaction.ts';

const SECRET = 'hunter2-top/secret+42';
const redactor = createRedactor([SECRET, 'pass phrase "quoted"\n', '31415926']);

describe('a redactor', () => {
  it.each<[form: string, text: string]>([
    ['as it is', `token=${SECRET};`],
    ['twice', `${SECRET}${SECRET}`],
    ['URL-encoded', `?t=${encodeURIComponent(SECRET)}`],
    ['URL-encoded in lower case', `?t=${encodeURIComponent(SECRET).toLowerCase()}`],
    ['as a form field', `p=${encodeURIComponent('pass phrase "quoted"\n').replaceAll('%20', '+')}`],
    ['base64', Buffer.from(SECRET).toString('base64')],
    ['base64url', Buffer.from(SECRET).toString('base64url')],
    ['base64 behind one byte', Buffer.from(`:${SECRET}`).toString('base64')],
    ['base64 behind two bytes', Buffer.from(`u:${SECRET}`).toString('base64')],
    ['base64 inside a credential', Buffer.from(`user:${SECRET}@host`).toString('base64')],
    ['hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['hexadecimal in upper case', Buffer.from(SECRET).toString('hex').toUpperCase()],
    ['inside JSON text', JSON.stringify({ a: 'pass phrase "quoted"\n' })],
  ])('hides a secret %s', (_form, text) => {
    const shown = redactor.text(text);
    expect(redactor.holds(text)).toBe(true);
    expect(shown).toContain(REDACTED);
    expect(redactor.holds(shown)).toBe(false);
    expect(Buffer.from(shown, 'base64').toString()).not.toContain(SECRET.slice(3, -3));
  });

  it('leaves other text alone, character by character', () => {
    const text = 'hunter2-top and secret, aGVsbG8gd29ybGQ=, 3141592';
    expect(redactor.text(text)).toBe(text);
    expect(redactor.holds(text)).toBe(false);
  });

  it('hides strings, keys and numbers of a value, and copies only what it changes', () => {
    const kept = { list: [1, 'two', null, true] };
    const value: Json = { kept, [SECRET]: [`Bearer ${SECRET}`], pin: 31415926 };
    const shown = redactor.json(value) as Record<string, Json>;
    expect(shown).toEqual({ kept, [REDACTED]: [`Bearer ${REDACTED}`], pin: REDACTED });
    expect(shown['kept']).toBe(kept);
    expect(redactor.json(kept)).toBe(kept);
    expect(value.pin).toBe(31415926);
  });

  it('keeps a key called `__proto__` a key', () => {
    const value = JSON.parse(`{"__proto__":{"polluted":"${SECRET}"}}`) as Json;
    const shown = redactor.json(value);
    expect(JSON.stringify(shown)).toBe(`{"__proto__":{"polluted":"${REDACTED}"}}`);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('ends at a depth instead of the stack', () => {
    let value: Json = SECRET;
    for (let depth = 0; depth < 5_000; depth++) value = [value];
    expect(redactor.holds(JSON.stringify(redactor.json(value)))).toBe(false);
  });

  it('hides the longer of two secrets of which one holds the other', () => {
    expect(createRedactor(['abcdef', 'abcdefghij']).text('x abcdefghij y')).toBe(`x ${REDACTED} y`);
  });

  it('does nothing at all without secrets', () => {
    const none = createRedactor(['']);
    const value: Json = { a: [SECRET] };
    expect(none.active).toBe(false);
    expect(none.json(value)).toBe(value);
    expect(none.text(SECRET)).toBe(SECRET);
    expect(none.holds(SECRET)).toBe(false);
  });

  it('hides any secret in any surroundings, in every encoding', () => {
    const secret = fc.string({ minLength: 6, maxLength: 40 });
    const encode = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => Buffer.from(text).toString('base64'),
      (text) => Buffer.from(text).toString('base64url'),
      (text) => encodeURIComponent(text),
      (text) => JSON.stringify(text),
    );
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), encode, (value, before, after, encoding) => {
        const own = createRedactor([value]);
        expect(own.holds(own.text(encoding(before + value + after)))).toBe(false);
        expect(own.text(encoding(before + value + after))).toContain(REDACTED);
      }),
    );
  });
});
