import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  borrowedUri,
  exposeAll,
  exposedName,
  fitsTemplate,
  NAME_CHARS_MAX,
  readBorrowedUri,
} from '../../src/protocol/exposed-names.ts';
import { onePage, PAGE_ITEMS } from '../../src/protocol/list-pages.ts';

describe('an exposed name', () => {
  it('is `server__tool`, behind the prefix', () => {
    expect(exposedName('', 'files', 'read_file')).toBe('files__read_file');
    expect(exposedName('my_', 'files', 'read-file')).toBe('my_files__read-file');
  });

  it('is always one that every client takes, and the same each time', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (server, tool) => {
        const name = exposedName('', server, tool);
        expect(name).toMatch(/^[A-Za-z0-9_-]{2,64}$/);
        expect(exposedName('', server, tool)).toBe(name);
      }),
    );
  });

  it('that is cut differs where the whole differs', () => {
    const long = 'x'.repeat(100);
    const [one, two] = [exposedName('', 'a', `${long}1`), exposedName('', 'a', `${long}2`)];
    expect([one.length, two.length]).toEqual([NAME_CHARS_MAX, NAME_CHARS_MAX]);
    expect(one).not.toBe(two);
  });

  it('that two things would have is given to neither', () => {
    const things = [
      { server: 'a', name: 'b__c' },
      { server: 'a__b', name: 'c' },
      { server: 'a', name: 'd' },
    ];
    const { byName, collisions } = exposeAll(things, '');
    expect([...byName.keys()]).toEqual(['a__d']);
    expect(collisions).toEqual([{ name: 'a__b__c', things: ['a.b__c', 'a__b.c'] }]);
  });
});

describe('a borrowed URI', () => {
  it('leads back to server and URI, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (server, uri) => {
        expect(readBorrowedUri(borrowedUri(server, uri))).toEqual({ server, uri });
      }),
    );
  });

  it.each([
    'file:///a',
    'optimizer://manifest',
    'optimizer://resource/a',
    'optimizer://resource/a/b/c',
    'optimizer://resource/%/%',
  ])('is not %s', (uri) => {
    expect(readBorrowedUri(uri)).toBeUndefined();
  });
});

describe('a URI template', () => {
  it.each([
    ['demo://r/{id}', 'demo://r/7', true],
    ['demo://r/{id}/x', 'demo://r/7/x', true],
    ['demo://r/{id}/x', 'demo://r/x', false],
    ['demo://{a}/m/{b}', 'demo://1/m/2', true],
    ['demo://{a}/m/{b}', 'demo://1/2', false],
    ['demo://r', 'demo://r', true],
    ['demo://r', 'demo://r/1', false],
    ['ab{x}ba', 'aba', false],
  ])('%s fits %s: %s', (template, uri, fits) => {
    expect(fitsTemplate(template, uri)).toBe(fits);
  });
});

describe('a page of a list', () => {
  const items = Array.from({ length: PAGE_ITEMS + 3 }, (_, n) => ({ n }));

  it('ends with a cursor that leads to the next one', () => {
    const first = onePage('tools', items, {});
    expect((first.tools as unknown[]).length).toBe(PAGE_ITEMS);
    const second = onePage('tools', items, { cursor: first.nextCursor as string });
    expect(second).toEqual({ tools: items.slice(PAGE_ITEMS) });
  });

  it.each(['x', '', 'o0', 'o-1', `o${PAGE_ITEMS + 3}`, 'o1e3'])('refuses the cursor %j', (cursor) => {
    expect(() => onePage('tools', items, { cursor })).toThrowError(expect.objectContaining({ code: -32602 }));
  });

  it('of an empty list is empty', () => {
    expect(onePage('tools', [], {})).toEqual({ tools: [] });
  });
});
