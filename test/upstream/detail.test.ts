import { describe, expect, it } from 'vitest';
import { bareDetail, briefOf, detailOf } from '../../src/upstream/detail.ts';
import type { NamedTool } from '../../src/upstream/signature.ts';
import { recordedCatalog, tool } from './fixture-catalog.ts';

const path = {
  type: 'object',
  properties: { path: { type: 'string' }, head: { type: 'integer' } },
  required: ['path'],
};

function named(definition: ReturnType<typeof tool>): NamedTool {
  return { server: 'files', serverAlias: 'files', name: definition.name, alias: definition.name, definition };
}

describe('the best hit', () => {
  it('is one line with complete types and the first sentence', () => {
    expect(detailOf(named(tool('read', path, { description: 'Reads. And more.' })))).toBe(
      'tools.files.read(args: {path: string; head?: number}): Promise<unknown> // Reads.',
    );
  });

  it('keeps a comment that says something and leaves out one that repeats the name', () => {
    const schema = {
      type: 'object',
      properties: {
        path: { type: 'string', description: 'The path of the file' },
        head: { type: 'integer', description: 'Only the first N lines' },
        ['sort-by']: { type: 'string', description: 'Newest or oldest first' },
      },
      required: ['path'],
    };
    expect(detailOf(named(tool('read_file', schema)))).toBe(
      'tools.files.read_file(args: {path: string; /** Only the first N lines */ head?: number; /** Newest or oldest first */ "sort-by"?: string}): Promise<unknown>',
    );
  });

  it('has named types where a part has a comment of its own, is recursive, or would make the line too long', () => {
    const nested = {
      type: 'object',
      properties: {
        edits: {
          type: 'array',
          items: { type: 'object', properties: { old: { type: 'string', description: 'Must match exactly' } } },
        },
      },
    };
    expect(detailOf(named(tool('edit', nested)))).toBe(
      'tools.files.edit(args?: EditArgs): Promise<unknown>\ninterface EditArgs {\n  edits?: {\n    /** Must match exactly */\n    old?: string;\n  }[];\n}',
    );
    const recursive = {
      type: 'object',
      properties: { node: { $ref: '#/$defs/node' } },
      $defs: { node: { type: 'object', properties: { child: { $ref: '#/$defs/node' } } } },
    };
    expect(detailOf(named(tool('walk', recursive)))).toContain('\ninterface WalkArgs');
    const properties = Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [`parameter${at}`, { type: 'string' }]),
    );
    expect(detailOf(named(tool('long', { type: 'object', properties })))).toContain('\ninterface LongArgs');
  });

  it('needs no argument where a tool takes none', () => {
    expect(detailOf(named(tool('all', { type: 'object', properties: {} })))).toBe(
      'tools.files.all(): Promise<unknown>',
    );
  });

  it('names every parameter of every recorded tool, with and without comments', () => {
    for (const entry of recordedCatalog().tools()) {
      const { properties = {} } = entry.definition.inputSchema as { properties?: Record<string, unknown> };
      for (const text of [detailOf(entry), bareDetail(detailOf(entry))]) {
        expect(text.startsWith(`tools.`)).toBe(true);
        for (const name of Object.keys(properties)) expect(text, entry.name).toContain(name);
      }
      expect(bareDetail(detailOf(entry)), entry.name).not.toContain('/**');
    }
  });
});

describe('a weak hit', () => {
  it('is one line with the names of its parameters, required ones first', () => {
    const schema = { ...path, properties: { head: { type: 'integer' }, path: { type: 'string' } } };
    expect(briefOf(named(tool('read', schema, { description: 'Reads a file.' })))).toBe(
      'tools.files.read({path, head?}) // Reads a file.',
    );
    expect(briefOf(named(tool('read', schema, { description: 'Reads a file.' })), false)).toBe(
      'tools.files.read({path, head?})',
    );
  });

  it('names every required parameter and a few others', () => {
    const names = Array.from({ length: 12 }, (_, at) => `p${at}`);
    const properties = Object.fromEntries(names.map((name) => [name, {}]));
    const line = briefOf(named(tool('many', { type: 'object', properties, required: names.slice(0, 10) })));
    expect(line).toBe(`tools.files.many({${names.slice(0, 10).join(', ')}, …})`);
    expect(briefOf(named(tool('none', {})))).toBe('tools.files.none()');
  });
});
