import variant from '@jitl/quickjs-wasmfile-release-sync';
import fc from 'fast-check';
import { newQuickJSWASMModuleFromVariant, type QuickJSContext } from 'quickjs-emscripten-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { encodeBjson } from '../../src/sandbox/quickjs/bjson.ts';

let context: QuickJSContext;

beforeAll(async () => {
  const module = await newQuickJSWASMModuleFromVariant(variant as never);
  context = module.newContext();
});

/** What the engine itself writes for the value. */
function engineBytes(value: Json): Uint8Array {
  const text = context.newString(JSON.stringify(value));
  const handle = context.unwrapResult(context.evalCode('(text) => JSON.parse(text)'));
  const parsed = context.unwrapResult(context.callFunction(handle, context.undefined, text));
  const buffer = context.encodeBinaryJSON(parsed);
  const lifetime = context.getArrayBuffer(buffer);
  const bytes = Uint8Array.from(lifetime.value);
  for (const each of [lifetime, buffer, parsed, handle, text]) each.dispose();
  return bytes;
}

/** The value that the engine reads from our bytes, as JSON text made by the engine. */
function readBack(bytes: Uint8Array): string {
  const buffer = context.newArrayBuffer(bytes.slice().buffer);
  const value = context.decodeBinaryJSON(buffer);
  const stringify = context.unwrapResult(context.evalCode('(value) => JSON.stringify(value)'));
  const text = context.unwrapResult(context.callFunction(stringify, context.undefined, value));
  const result = context.getString(text);
  for (const each of [text, stringify, value, buffer]) each.dispose();
  return result;
}

const SAMPLES: Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  127,
  128,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  1.5,
  -0.25,
  1e300,
  '',
  'a',
  'é',
  'Ω',
  '😀',
  'a'.repeat(300),
  'line\nNUL\u0000end',
  [],
  {},
  [1, [2, [3, [null]]]],
  { a: 1, b: { a: 2, c: 'x' }, 'two words': [true] },
  [
    { id: 1, name: 'x' },
    { id: 2, name: 'ü' },
  ],
];

describe('encodeBjson', () => {
  it('writes what the engine itself writes', () => {
    for (const value of SAMPLES) {
      expect(Buffer.from(encodeBjson(value) as Uint8Array).toString('hex'), JSON.stringify(value)).toBe(
        Buffer.from(engineBytes(value)).toString('hex'),
      );
    }
  });

  it('is read by the engine as the value it was', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (generated) => {
        const text = JSON.stringify(generated);
        const value = JSON.parse(text) as Json;
        expect(JSON.parse(readBack(encodeBjson(value) as Uint8Array))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps keys that look like numbers or like the prototype as they are', () => {
    const value = JSON.parse('{"0":1,"4294967295":2,"__proto__":{"x":1},"constructor":3,"-1":4}') as Json;
    expect(readBack(encodeBjson(value) as Uint8Array)).toBe(JSON.stringify(value));
  });

  it('keeps lone surrogates', () => {
    const bytes = encodeBjson('\ud800x') as Uint8Array;
    expect(readBack(bytes)).toBe('"\\ud800x"');
  });

  it('refuses a value that nests too deeply for the engine’s reader', () => {
    let deep: Json = 1;
    for (let level = 0; level < 1000; level++) deep = [deep];
    expect(encodeBjson(deep)).toBeUndefined();
  });
});
