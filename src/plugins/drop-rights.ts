/**
 * Takes from a thread what glue code has no use for: modules, the process, the network, other threads. A plugin's worker
 * calls it once, after its own code has taken what it needs and before glue code is compiled.
 *
 * Decision to know: this is the second wall, not the first. A component reaches JavaScript only through its imports; the
 * script around it was written by the translator and looked over by `glue.ts`. Should a name still have become code, it
 * runs in a realm without a door that we know of. It is no proof against V8 itself: see docs/threat-model.md.
 */

/** What the language and WebAssembly bring along, and the few helpers that the glue code and WASI use. */
const KEPT: ReadonlySet<string> = new Set(
  (
    'AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DOMException DataView Date Error ' +
    'EvalError FinalizationRegistry Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array ' +
    'Int8Array Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String ' +
    'SuppressedError Symbol SyntaxError TextDecoder TextEncoder TypeError URIError Uint16Array Uint32Array Uint8Array ' +
    'Uint8ClampedArray WeakMap WeakRef WeakSet WebAssembly clearInterval clearTimeout crypto globalThis isFinite isNaN ' +
    'parseFloat parseInt performance queueMicrotask setInterval setTimeout undefined'
  ).split(' '),
);

/** Leaves `globalThis` with the names above. Node's own code does not go through these names. */
export function dropRights(): void {
  const realm = globalThis as Record<PropertyKey, unknown>;
  const silent = Object.freeze({ log() {}, info() {}, warn() {}, error() {}, debug() {}, trace() {} });
  for (const key of Reflect.ownKeys(realm)) {
    if (typeof key === 'string' && KEPT.has(key)) continue;
    // What cannot be deleted is hidden behind a value.
    if (!Reflect.deleteProperty(realm, key)) Reflect.set(realm, key, undefined);
  }
  Object.defineProperty(realm, 'console', { value: silent, writable: false, configurable: false });
}
