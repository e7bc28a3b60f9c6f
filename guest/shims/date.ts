/**
 * A `Date` whose present is given. Everything else is the engine's: instances are real dates made by the real
 * constructor, so methods, parsing and `instanceof` are untouched. The real constructor would give a program the host's
 * clock, so `Date.prototype.constructor`, the only way to it, is redirected; this changes the prototype for good.
 */
import { define } from './captured.ts';

/**
 * Makes the replacement. `now` returns milliseconds since 1970 and is called for `new Date()`, `Date()` and
 * `Date.now()`; a fraction is dropped, as dates have none.
 */
export function createDate(RealDate: DateConstructor, now: () => number): DateConstructor {
  const { floor } = Math;
  const { apply, construct } = Reflect;
  const dateToString = RealDate.prototype.toString;
  function GuestDate(...parts: unknown[]): unknown {
    // ECMA-262 section 21.4.2.1: called without `new` it is the present as text, whatever the arguments.
    if (new.target === undefined) return apply(dateToString, new RealDate(now()), []);
    return construct(RealDate, parts.length === 0 ? [now()] : parts, new.target);
  }
  define(GuestDate, 'now', () => floor(now()));
  define(GuestDate, 'parse', RealDate.parse);
  define(GuestDate, 'UTC', RealDate.UTC);
  define(RealDate.prototype, 'constructor', GuestDate);
  Object.defineProperties(GuestDate, {
    name: { value: 'Date' },
    length: { value: 7 },
    prototype: { value: RealDate.prototype, writable: false },
  });
  // A function declaration has the constructor's call forms, which its type cannot say.
  return GuestDate as unknown as DateConstructor;
}
