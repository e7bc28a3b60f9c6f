import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonExcess } from '../../src/upstream/json-size.ts';

describe('jsonExcess', () => {
  it('counts the bytes of compact JSON, but for escapes and a comma per container', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const bytes = Buffer.byteLength(JSON.stringify(value));
        expect(jsonExcess(value, { bytesMax: bytes + countContainers(value) })).toBeUndefined();
      }),
    );
  });

  it('counts characters of several bytes as they are', () => {
    expect(jsonExcess('é'.repeat(10), { bytesMax: 22 })).toBeUndefined();
    expect(jsonExcess('é'.repeat(10), { bytesMax: 21 })).toBe('bytes');
  });

  it('measures a value that is nested too deeply to be written out', () => {
    const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`) as unknown;
    expect(jsonExcess(deep, { bytesMax: 1_000_000, depthMax: 64 })).toBe('depth');
    expect(jsonExcess(deep, { bytesMax: 100_000 })).toBe('bytes');
    expect(jsonExcess([[[1]]], { bytesMax: 100, depthMax: 3 })).toBeUndefined();
    expect(jsonExcess([[[1]]], { bytesMax: 100, depthMax: 2 })).toBe('depth');
  });
});

function countContainers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Object.values(value).reduce((sum: number, member) => sum + countContainers(member), 0);
}
