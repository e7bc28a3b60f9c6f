import { describe, expect, it } from 'vitest';
import { unwrapResult } from '../../src/upstream/results.ts';

const text = (...texts: string[]) => ({ content: texts.map((text) => ({ type: 'text', text })) });
const png = Buffer.from('not really a picture').toString('base64');

describe('unwrapResult', () => {
  it.each([
    ['structured content', { ...text('{"a":2}'), structuredContent: { a: 1 } }, 'structured', { a: 1 }],
    ['structured content of any JSON type', { content: [], structuredContent: 0 }, 'structured', 0],
    ['structured null without content', { content: [], structuredContent: null }, 'structured', null],
    ['content beside a structured null', { ...text('hello'), structuredContent: null }, 'text', 'hello'],
    ['a JSON object in text', text(' {"a":[1,2]}\n'), 'json', { a: [1, 2] }],
    ['a JSON array in text', text('[1,2]'), 'json', [1, 2]],
    ['one JSON value in each text', text('{"a":1}', '{"a":2}'), 'json', [{ a: 1 }, { a: 2 }]],
    ['one JSON value over several texts', text('[1,', '2]'), 'json', [1, 2]],
    ['plain text', text('hello'), 'text', 'hello'],
    ['several texts', text('a', 'b'), 'text', 'a\nb'],
    ['a number in text', text('42'), 'text', '42'],
    ['a JSON string in text', text('"x"'), 'text', '"x"'],
    ['a word in text', text('true'), 'text', 'true'],
    ['almost JSON', text('{"a":1'), 'text', '{"a":1'],
    ['brackets that are not JSON', text('[info] done]'), 'text', '[info] done]'],
    ['JSON beside prose', text('Result:', '{"a":1}'), 'text', 'Result:\n{"a":1}'],
    ['nothing', { content: [] }, 'empty', null],
    ['no content at all', {}, 'empty', null],
    ['the free member of the first revision', { toolResult: { a: 1 } }, 'structured', { a: 1 }],
    ['`isError: false`', { ...text('fine'), isError: false }, 'text', 'fine'],
  ])('reads %s', (_title, raw, source, value) => {
    expect(unwrapResult(raw)).toEqual({ ok: true, source, value, blobs: [] });
  });

  it('keeps links and embedded text as blocks', () => {
    const content = [
      { type: 'resource_link', uri: 'file:///a', name: 'a' },
      { type: 'resource', resource: { uri: 'file:///b', text: 'inside' } },
      { type: 'hologram', depth: 3 },
    ];
    expect(unwrapResult({ content })).toEqual({ ok: true, source: 'blocks', value: content, blobs: [] });
  });

  it('replaces bytes by descriptors and hands the bytes out', () => {
    const content = [
      { type: 'text', text: 'A picture:' },
      { type: 'image', data: png, mimeType: 'image/png', annotations: { audience: ['user'] } },
      { type: 'audio', data: png },
      { type: 'resource', resource: { uri: 'file:///x.bin', mimeType: 'application/zip', blob: png } },
    ];
    const result = unwrapResult({ content }, (index) => `h${index}`);
    expect(result).toMatchObject({
      ok: true,
      source: 'blocks',
      value: [
        { type: 'text', text: 'A picture:' },
        { type: 'image', mimeType: 'image/png', bytes: 20, handle: 'h0', annotations: { audience: ['user'] } },
        { type: 'audio', mimeType: 'application/octet-stream', bytes: 20, handle: 'h1' },
        { type: 'resource', mimeType: 'application/zip', bytes: 20, handle: 'h2', uri: 'file:///x.bin' },
      ],
    });
    expect(JSON.stringify((result as { value: unknown }).value)).not.toContain(png);
    expect(result.blobs.map((blob) => [blob.handle, blob.type, blob.base64, blob.uri])).toEqual([
      ['h0', 'image', png, undefined],
      ['h1', 'audio', png, undefined],
      ['h2', 'resource', png, 'file:///x.bin'],
    ]);
  });

  it('hands out the bytes beside structured content too', () => {
    const result = unwrapResult({
      structuredContent: { n: 1 },
      content: [{ type: 'image', data: png, mimeType: 'image/png' }],
    });
    expect(result).toMatchObject({
      ok: true,
      source: 'structured',
      value: { n: 1 },
      blobs: [{ handle: 'blob-1', bytes: 20 }],
    });
  });

  it.each([
    ['its text', text('No such row', 'id 7'), 'No such row\nid 7'],
    ['its structured content', { content: [], structuredContent: { reason: 'full' } }, '{"reason":"full"}'],
    ['a fixed sentence', { content: [] }, 'The tool failed and gave no reason.'],
    ['a fixed sentence for blank text', text('  '), 'The tool failed and gave no reason.'],
  ])('gives a failed tool the words of %s', (_title, raw, message) => {
    expect(unwrapResult({ ...raw, isError: true })).toEqual({
      ok: false,
      code: 'upstream.toolError',
      message,
      blobs: [],
    });
  });

  it('cuts long words at 2,000 characters, never inside one', () => {
    const result = unwrapResult({ ...text(`${'x'.repeat(1998)}𝄞${'y'.repeat(100)}`), isError: true });
    const { message } = result as { message: string };
    expect(message).toBe(`${'x'.repeat(1998)}…`);
    const long = unwrapResult({ ...text('z'.repeat(5000)), isError: true }) as { message: string };
    expect(long.message).toHaveLength(2000);
  });

  it.each([null, 7, 'text', [1]])('refuses %j as no tool result', (raw) => {
    expect(unwrapResult(raw)).toEqual({
      ok: false,
      code: 'upstream.protocol',
      message: 'The answer is not a tool result.',
      blobs: [],
    });
  });

  it('passes over malformed blocks without failing', () => {
    const content = [null, 7, { type: 'image' }, { type: 'resource', resource: 'x' }, { type: 'text' }];
    expect(unwrapResult({ content })).toEqual({ ok: true, source: 'blocks', value: content, blobs: [] });
  });
});
