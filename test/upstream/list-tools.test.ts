import { afterEach, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../../src/upstream/connect.ts';
import {
  LIST_BOUNDS,
  listTools,
  plainText,
  readToolDefinitions,
  type ToolList,
} from '../../src/upstream/list-tools.ts';
import { connectDeps, fixture } from './fixture-servers.ts';

describe('readToolDefinitions', () => {
  const schema = { type: 'object' };

  it('keeps what a sound tool says', () => {
    const tool = {
      name: 'get-sum',
      title: 'Sum',
      description: 'Adds.\n\tTwo numbers.',
      inputSchema: { type: 'object', properties: { a: { type: 'number' } } },
      outputSchema: { type: 'object' },
      annotations: {
        title: 'S',
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      },
    };
    expect(readToolDefinitions({ tools: [tool] })).toEqual({ tools: [tool], problems: [] });
  });

  it.each([undefined, null, 7, 'x', [], {}, { tools: 'no' }])('answers %j with no tools and one problem', (raw) => {
    const page = readToolDefinitions(raw);
    expect(page.tools).toEqual([]);
    expect(page.problems).toEqual(['The answer to `tools/list` has no array `tools`.']);
  });

  it('drops what cannot be called and says so', () => {
    const { tools, problems } = readToolDefinitions({
      tools: [
        null,
        'x',
        {},
        { name: '' },
        { name: 7 },
        { name: 'n'.repeat(257), inputSchema: schema },
        { name: 'ok', inputSchema: schema },
      ],
    });
    expect(tools.map((tool) => tool.name)).toEqual(['ok']);
    expect(problems).toHaveLength(6);
    expect(problems[5]).toBe('Tool 6 has a name of 257 characters (limit 256); it is dropped.');
  });

  it.each([
    'nul\u0000',
    'line\nbreak',
    'tab\t',
    'rtl\u202e',
    'zero\u200bwidth',
    'tag\u{e0041}',
    'bom\ufeff',
    'half\ud800',
  ])('refuses the name %j', (name) => {
    const { tools, problems } = readToolDefinitions({ tools: [{ name, inputSchema: schema }] });
    expect(tools).toEqual([]);
    expect(problems[0]).toContain('control or invisible characters');
  });

  it.each(['API-post-search', 'a.b/c', 'größe', '検索', 'emoji👩‍💻', 'with space'])('accepts the name %j', (name) => {
    expect(readToolDefinitions({ tools: [{ name, inputSchema: schema }] }).tools[0]?.name).toBe(name);
  });

  it.each([
    [{ name: 't' }, 'Tool "t": it has no `inputSchema`.'],
    [{ name: 't', inputSchema: null }, 'Tool "t": its `inputSchema` is not an object.'],
    [{ name: 't', inputSchema: [] }, 'Tool "t": its `inputSchema` is not an object.'],
    [{ name: 't', inputSchema: { type: 'array' } }, 'Tool "t": its `inputSchema` is not of type "object".'],
    [{ name: 't', inputSchema: {}, outputSchema: 1 }, 'Tool "t": its `outputSchema` is not an object.'],
    [{ name: 't', inputSchema: {}, description: 5 }, 'Tool "t": its description is not text.'],
  ])('keeps %j with its problem', (tool, problem) => {
    const page = readToolDefinitions({ tools: [tool] });
    expect(page.problems).toEqual([]);
    expect(page.tools[0]?.problem).toBe(problem);
  });

  it('accepts a schema without `type`, as real servers send it', () => {
    const inputSchema = { properties: { a: {} } };
    expect(readToolDefinitions({ tools: [{ name: 't', inputSchema }] }).tools).toEqual([
      { name: 't', inputSchema, annotations: {} },
    ]);
  });

  it('leaves out a schema that is too large or too deep, without overflowing its own stack', () => {
    const deep = JSON.parse(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`) as object;
    const large = { description: 'x'.repeat(LIST_BOUNDS.schemaBytes) };
    const { tools } = readToolDefinitions({
      tools: [
        { name: 'd', inputSchema: deep },
        { name: 'l', inputSchema: large },
      ],
    });
    expect(tools.map((tool) => [tool.inputSchema, tool.problem])).toEqual([
      [{}, 'Tool "d": its `inputSchema` is nested deeper than 64 levels and is left out.'],
      [{}, 'Tool "l": its `inputSchema` is larger than 262144 bytes and is left out.'],
    ]);
  });

  it('cleans and cuts descriptions', () => {
    const description = `Reads.\u202e\u{e0049}\u{e0067}\u0007 ${'x'.repeat(20_000)}`;
    const text = readToolDefinitions({ tools: [{ name: 't', description, inputSchema: schema }] }).tools[0]
      ?.description;
    expect(text?.startsWith('Reads. xxx')).toBe(true);
    expect(text?.length).toBeLessThanOrEqual(LIST_BOUNDS.descriptionChars);
    expect(text?.endsWith('…')).toBe(true);
  });

  it('keeps only annotations of the right type', () => {
    const annotations = { readOnlyHint: 'true', destructiveHint: false, title: 7, other: true };
    expect(
      readToolDefinitions({ tools: [{ name: 't', inputSchema: schema, annotations }] }).tools[0]?.annotations,
    ).toEqual({
      destructiveHint: false,
    });
  });

  it('keeps cursor and ttl when they have the right type', () => {
    expect(readToolDefinitions({ tools: [], nextCursor: 'c', ttlMs: 5 })).toMatchObject({ nextCursor: 'c', ttlMs: 5 });
    const odd = readToolDefinitions({ tools: [], nextCursor: 7, ttlMs: -1 });
    expect(odd).toEqual({ tools: [], problems: [] });
  });
});

describe('plainText', () => {
  it('keeps what scripts need and removes what hides', () => {
    expect(plainText('a\tb\nc می‌خواهم 👩‍💻', 100)).toBe('a\tb\nc می‌خواهم 👩‍💻');
    expect(plainText('a\u0000\u001b[31m\u200b\u2066b\u{e0001}\u{e007f}\u{e0100}', 100)).toBe('a[31mb');
  });
  it('never leaves half a character', () => {
    expect(plainText('ab𝄞cd', 4)).toBe('ab…');
  });
});

describe('listTools', () => {
  const opened: Connection[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((connection) => connection.close(200)));
  });
  async function list(name: string, args: readonly string[] = []): Promise<ToolList> {
    const connection = await connect(fixture(name, args), connectDeps);
    opened.push(connection);
    return listTools(connection.client, { timeoutMs: 5_000 });
  }

  it('never lets one malformed tool hide a server', async () => {
    const { tools, problems } = await list('malformed');
    expect(tools.map((tool) => tool.name)).toEqual(['also-sound', 'no-schema', 'sound', 'text-schema', 'untyped']);
    expect(tools.find((tool) => tool.name === 'sound')?.description).toBe('The tool sound.');
    expect(problems).toEqual([
      'Tool 2 of the list is not an object; it is dropped.',
      'Tool 3 of the list has no name; it is dropped.',
      'Tool "nul\\u0000byte" has control or invisible characters in its name; it is dropped.',
      'Tool "sound" is listed twice; the first is kept.',
    ]);
  });

  it('reads all pages and sorts them by name', async () => {
    const { tools, problems, ttlMs } = await list('pages', ['three']);
    expect(tools.map((tool) => tool.name)).toEqual(['a0', 'a1', 'a2', 'z0', 'z1', 'z2']);
    expect(problems).toEqual([]);
    expect(ttlMs).toBe(5_000);
  });

  it('ends a list whose cursor comes back', async () => {
    const { tools, problems } = await list('pages', ['loop']);
    expect(tools.map((tool) => tool.name)).toEqual(['a0', 'a1', 'z0', 'z1']);
    expect(problems).toContain('The server repeats a page of its list; the list ends there.');
  });

  it('ends a list that has no end', async () => {
    const { tools, problems } = await list('pages', ['endless']);
    expect(tools).toHaveLength(200);
    expect(problems).toEqual(['The list has more than 100 pages; the rest is left out.']);
  });
});
