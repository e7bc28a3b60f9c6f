/**
 * The intrinsics that the shims use while a program runs, taken before any program can replace them.
 * The bridge encodes, decodes and logs through text-codec, base64 and inspect, so a program that sets
 * `String.prototype.charCodeAt` or `Object.prototype.get` must not change what those three do. A method becomes
 * `Function.prototype.call.bind(method)`, a plain function `(self, ...args)` that needs nothing a program can reach.
 *
 * For the same reason those three hold no template literal with a hole (this engine compiles one to a call of
 * `String.prototype.concat`), walk by index (not `for…of`, not spread), never assign to a missing element of an array
 * (a setter on `Array.prototype` would run), and pass descriptors without a prototype. The other shims serve
 * only the program itself; one that breaks its own `Map.prototype` breaks its own `structuredClone`.
 */

/** A method or a getter as a function of its receiver. */
type Of<S, A extends unknown[], R> = (self: S, ...args: A) => R;
type Text<A extends unknown[], R> = Of<string, A, R>;
type Get<R> = Of<unknown, [], R>;
type Pairs = IterableIterator<[unknown, unknown]>;
type Values = IterableIterator<unknown>;

const uncurry = (method: unknown): unknown => Function.prototype.call.bind(method as () => unknown);

/** Methods and getters of one prototype, in the order of `names`. The casts below give each its type. */
const take = (prototype: object, names: string): unknown[] =>
  names.split(' ').map((name) => {
    const property = Object.getOwnPropertyDescriptor(prototype, name);
    return uncurry(property?.get ?? property?.value);
  });

export const U8 = Uint8Array;
export const CapturedBuffer = ArrayBuffer;
const CapturedError = Error;

export const { getOwnPropertyDescriptor, getPrototypeOf, keys: objectKeys, defineProperty, hasOwn, is } = Object;
export const { isArray } = Array;
export const { fromCharCode } = String;
export const toText = String as (value: unknown) => string;
/** `JSON.stringify` of a string alone asks no `toJSON`. */
export const quoteString = JSON.stringify as (text: string) => string;

export const [charCodeAt, indexOf, substring, toWellFormed] = take(
  String.prototype,
  'charCodeAt indexOf substring toWellFormed',
) as [
  Text<[at: number], number>,
  Text<[wanted: string, from: number], number>,
  Text<[from: number, to: number], string>,
  // ES2024, which the engine has and the compiler's library does not name yet.
  Text<[], string>,
];

const typedArrayPrototype: object = getPrototypeOf(U8.prototype);
export const [typedArrayLength] = take(typedArrayPrototype, 'length') as [Get<number>];
/** `Uint8Array` and so on for a typed array, undefined for anything else. */
export const typedArrayName = uncurry(getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag)?.get) as Get<
  string | undefined
>;
/** `transfer` (ES2024) moves the bytes into a buffer of another length; unlike `slice` it asks no `Symbol.species`. */
const [bufferBytes, transfer] = take(CapturedBuffer.prototype, 'byteLength transfer');
export const transferBuffer = transfer as Of<ArrayBuffer, [length: number], ArrayBuffer>;

const [mapSize, entriesOf] = take(Map.prototype, 'size entries');
export const mapEntries = entriesOf as Get<Pairs>;
export const [mapNext] = take(getPrototypeOf(new Map().entries()), 'next') as [
  Of<Pairs, [], IteratorResult<[unknown, unknown], undefined>>,
];
const [setSize, valuesOf] = take(Set.prototype, 'size values');
export const setValues = valuesOf as Get<Values>;
export const [setNext] = take(getPrototypeOf(new Set().values()), 'next') as [
  Of<Values, [], IteratorResult<unknown, undefined>>,
];
const [dateTime, isoText] = take(Date.prototype, 'getTime toISOString');
export const dateText = isoText as Get<string>;
const [regExpSource, flagsOf, exec] = take(RegExp.prototype, 'source flags exec');
export const regExpFlags = flagsOf as Get<string>;
export const regExpExec = exec as Of<RegExp, [text: string], unknown>;
export const [symbolText] = take(Symbol.prototype, 'description') as [Get<string | undefined>];

/** ES2026, which the engine has and the compiler does not name: true for real errors, whatever their prototype. */
const { isError } = Error as unknown as { isError(value: unknown): boolean };
const [objectToString] = take(Object.prototype, 'toString') as [Get<string>];

/**
 * By kind, a function that throws unless its receiver is one, and returns what it is about: the number of items or
 * bytes, the time, or the source.
 */
export const PROBES = {
  // The compiler takes this for a property; the language makes it the prototype, so that only our own names are found.
  __proto__: null,
  Map: mapSize,
  Set: setSize,
  Date: dateTime,
  RegExp: regExpSource,
  ArrayBuffer: bufferBytes,
  DataView: take(DataView.prototype, 'byteLength')[0],
} as unknown as Record<string, Get<unknown>>;

/**
 * What a value really is: `Array`, `Error`, `Map`, `Uint8Array`, … or `Object`. `Symbol.toStringTag` only proposes;
 * the internal slot decides, because a program can put any tag on any object. Throws what a hostile Proxy throws.
 */
export function kindOf(value: unknown): string {
  if (isArray(value)) return 'Array';
  const name = typedArrayName(value);
  if (name !== undefined) return name;
  if (isError(value)) return 'Error';
  const text = objectToString(value);
  const tag = substring(text, 8, text.length - 1);
  const probe = PROBES[tag];
  try {
    if (probe === undefined) return 'Object';
    probe(value);
    return tag;
  } catch {
    return 'Object';
  }
}

/** Defines an own, plain data property: no setter runs, and a polluted `Object.prototype` changes nothing. */
export function define(target: object, key: PropertyKey, value: unknown, enumerable = false): void {
  const descriptor = { __proto__: null, value, enumerable, writable: true, configurable: true };
  defineProperty(target, key, descriptor as PropertyDescriptor);
}

/** Stands in for a DOMException, which guests do not have: an Error whose `name` is one of the Web IDL names. */
export function domError(name: string, message: string): Error {
  const error = new CapturedError(message);
  define(error, 'name', name);
  return error;
}
