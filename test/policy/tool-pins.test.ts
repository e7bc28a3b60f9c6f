import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  approveListed,
  judgeListing,
  type Listing,
  PINS_MAX,
  type PinnedDefinition,
  pinHash,
  pinsText,
  readPins,
  type ServerPins,
} from '../../src/policy/tool-pins.ts';

const hashOf = (version: string): string => version.repeat(64).slice(0, 64);

function listing(tools: Record<string, string>, start = 's'): Listing {
  const hashes = new Map(Object.entries(tools).map(([name, version]) => [name, hashOf(version)]));
  return { hashes, listHash: hashOf('0'), start };
}

const at = (nowMs: number) => ({ nowMs, isFresh: true });
const pinsOf = (tools: Record<string, string>): ServerPins => judgeListing(undefined, listing(tools), at(1)).pins;

describe('the hash of a definition', () => {
  const definition: PinnedDefinition = {
    name: 'read',
    description: 'Reads.',
    inputSchema: { type: 'object', properties: { a: {}, b: {} } },
    annotations: { readOnlyHint: true },
  };

  it('changes with every part that a model or a check goes by, and does not hang on the order of keys', () => {
    const others: object[] = [
      { name: 'reads' },
      { title: 'Read' },
      { description: 'Reads!' },
      { inputSchema: { type: 'object' } },
      { outputSchema: {} },
      { annotations: {} },
    ];
    const hashes = others.map((other) => pinHash({ ...definition, ...other }));
    expect(new Set([...hashes, pinHash(definition)]).size).toBe(others.length + 1);
    const turned = { ...definition, inputSchema: { properties: { b: {}, a: {} }, type: 'object' } };
    expect(pinHash(turned)).toBe(pinHash(definition));
  });

  it('is a whole SHA-256 and leaves out what is not pinned', () => {
    expect(pinHash(definition)).toMatch(/^[0-9a-f]{64}$/);
    expect(pinHash({ ...definition, problem: 'odd', extra: { _meta: {} } } as PinnedDefinition)).toBe(
      pinHash(definition),
    );
  });
});

describe('a list', () => {
  it('is approved when nothing was pinned before, and needs no second look', () => {
    const { pins, blocked, pinned, isNews } = judgeListing(undefined, listing({ a: '1', b: '2' }), at(5));
    expect([[...blocked], pinned, isNews, pins.listHash]).toEqual([[], ['a', 'b'], true, hashOf('0')]);
    expect(judgeListing(pins, listing({ a: '1', b: '2' }), at(6))).toMatchObject({ isNews: false, pinned: [] });
  });

  it('has the tools blocked whose definition is another one, and those alone', () => {
    const verdict = judgeListing(pinsOf({ a: '1', b: '2' }), listing({ a: '9', b: '2', c: '3' }), at(2));
    expect([...verdict.blocked]).toEqual([['a', 'changed']]);
    expect(verdict.pinned).toEqual(['c']);
    expect(verdict.pins.listHash).toBeUndefined();
  });

  it('does not take away the pin of a tool that it does not hold', () => {
    const { pins } = judgeListing(pinsOf({ a: '1', b: '2' }), listing({ b: '2' }), at(2));
    expect([...judgeListing(pins, listing({ a: '9' }), at(3)).blocked]).toEqual([['a', 'changed']]);
    expect([...judgeListing(pins, listing({ a: '1' }), at(3)).blocked]).toEqual([]);
  });

  it('is counted as a change once for each turn, and not when it is looked at again', () => {
    let pins = pinsOf({ a: '1' });
    for (const version of ['2', '2', '1', '1', '2']) pins = judgeListing(pins, listing({ a: version }), at(2)).pins;
    pins = judgeListing(pins, listing({ a: '1' }), { nowMs: 3, isFresh: false }).pins;
    expect(pins.tools.get('a')).toMatchObject({ changes: 3, hash: hashOf('1'), lastSeen: hashOf('2') });
  });

  it('cannot bring in more tools than there may be pins, and approving makes room', () => {
    const many = Object.fromEntries(Array.from({ length: PINS_MAX }, (_, index) => [`tool${index}`, '1']));
    const full = pinsOf(many);
    const next = listing({ fresh: '1' });
    expect([...judgeListing(full, next, at(2)).blocked]).toEqual([['fresh', 'full']]);
    const approved = approveListed(full, next, 3);
    expect([...judgeListing(approved, next, at(4)).blocked]).toEqual([]);
    expect(approved.tools.size).toBe(1);
  });
});

describe('pins as text', () => {
  const name = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString'));
  const version = fc.constantFrom('1', '2', 'a');

  it('are the same when they are read again, whatever the tools are called', () => {
    const tools = fc.array(fc.tuple(name, version), { maxLength: 8 });
    fc.assert(
      fc.property(tools, tools, (first, second) => {
        const listOf = (rows: ReadonlyArray<[string, string]>): Listing => ({
          hashes: new Map(rows.map(([tool, hash]) => [tool, hashOf(hash)])),
          listHash: hashOf('0'),
          start: 's',
        });
        const { pins } = judgeListing(judgeListing(undefined, listOf(first), at(1)).pins, listOf(second), at(2));
        expect(readPins(pinsText(pins))).toEqual(pins);
      }),
    );
  });

  it.each([
    ['no JSON', '{'],
    ['another scheme', JSON.stringify({ scheme: 2, starts: [], listHash: null, tools: [] })],
    ['a short hash', JSON.stringify({ scheme: 1, starts: [], listHash: null, tools: [['a', 'abc', 1]] })],
    ['no rows', JSON.stringify({ scheme: 1, starts: [], listHash: null, tools: {} })],
    ['an array', '[]'],
  ])('are no pins with %s', (_, text) => {
    expect(readPins(text)).toBeUndefined();
  });
});
