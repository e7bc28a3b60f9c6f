import { describe, expect, it } from 'vitest';
import { OptimizerError } from '../../src/core/errors.ts';
import { Catalog } from '../../src/upstream/catalog.ts';
import { tool } from './fixture-catalog.ts';

const empty = { type: 'object', properties: {} };

function caught(work: () => unknown): OptimizerError {
  try {
    work();
  } catch (error) {
    if (error instanceof OptimizerError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function github(): Catalog {
  const catalog = new Catalog();
  catalog.setServer('git-hub', [
    tool('create_issue', empty),
    tool('list_issues', empty, { annotations: { readOnlyHint: true } }),
  ]);
  catalog.setServer('redis', [tool('get', empty), tool('delete', empty)]);
  return catalog;
}

describe('Catalog', () => {
  it('resolves own names and aliases on both levels', () => {
    const catalog = github();
    const found = catalog.resolve('git-hub', 'create_issue');
    expect(found).toMatchObject({
      server: 'git-hub',
      serverAlias: 'gitHub',
      name: 'create_issue',
      alias: 'createIssue',
    });
    expect(catalog.resolve('gitHub', 'createIssue')).toBe(found);
    expect(catalog.resolve('GitHub', 'createIssue')).toBeUndefined();
    expect(catalog.servers()).toEqual([
      { name: 'git-hub', alias: 'gitHub', tools: 2 },
      { name: 'redis', alias: 'redis', tools: 2 },
    ]);
    expect(catalog.size).toBe(4);
  });

  it.each(['__proto__', 'constructor', 'toString', 'then', ''])('never resolves the member %j', (name) => {
    const catalog = github();
    expect(catalog.resolve(name, 'get')).toBeUndefined();
    expect(catalog.resolve('redis', name)).toBeUndefined();
    expect(catalog.toolNames(name)).toEqual([]);
  });

  it('lets a tool called like a built-in member be found under its own name', () => {
    const catalog = new Catalog();
    catalog.setServer('s', [tool('constructor', empty)], { effects: {} });
    expect(catalog.resolve('s', 'constructor')).toMatchObject({ alias: 'constructor_', effect: 'write' });
  });

  it('answers an unknown tool with the nearest names on that server only', () => {
    const catalog = github();
    catalog.setServer('other', [tool('create_isue', empty)]);
    const error = caught(() => catalog.requireTool('gitHub', 'create_isue'));
    expect(error.code).toBe('request.tool');
    expect(error.message).toBe('The server `git-hub` has no tool "create_isue". Nearest: `create_issue`.');
    expect(error.data).toMatchObject({ server: 'git-hub', nearest: ['create_issue'] });
  });

  it('answers an unknown server with the nearest servers', () => {
    const error = caught(() => github().requireTool('rediss', 'get'));
    expect(error.code).toBe('request.server');
    expect(error.data?.nearest).toEqual(['redis']);
  });

  it('takes the effect from the config, then from readOnlyHint, else write', () => {
    const catalog = github();
    expect(catalog.requireTool('git-hub', 'list_issues').effect).toBe('read');
    expect(catalog.requireTool('git-hub', 'create_issue').effect).toBe('write');
    catalog.setServer('redis', [tool('get', empty), tool('delete', empty, { annotations: { readOnlyHint: true } })], {
      effects: { get: 'read', delete: 'write' },
    });
    expect(catalog.requireTool('redis', 'get').effect).toBe('read');
    expect(catalog.requireTool('redis', 'delete').effect).toBe('write');
  });

  it('changes the schema hash with every part of a definition and with nothing else', () => {
    const hash = (more: object): string => {
      const catalog = new Catalog();
      catalog.setServer('s', [tool('a', empty, more)]);
      return catalog.requireTool('s', 'a').schemaHash;
    };
    const variants = [
      {},
      { title: 't' },
      { description: 'd' },
      { outputSchema: empty },
      { annotations: { readOnlyHint: true } },
    ];
    expect(new Set(variants.map(hash)).size).toBe(variants.length);
    expect(hash({ problem: 'noted' })).toBe(hash({}));
  });

  it('describes a tool', () => {
    const described = github().describe('gitHub', 'createIssue');
    expect(described).toMatchObject({ server: 'git-hub', tool: 'create_issue', pinned: true });
    expect(described.signature).toContain('tools.gitHub.createIssue(');
    expect(described.declaration).toContain('declare const tools');
  });

  it('reports clashes, refused names and malformed definitions, and keeps the rest callable', () => {
    const catalog = new Catalog();
    const definitions = [
      tool('a_b', empty),
      tool('a-b', empty),
      tool('x\u0000', empty),
      tool('c', {}, { problem: 'No schema.' }),
    ];
    catalog.setServer('s', definitions);
    expect(catalog.problems().map(({ server }) => server)).toEqual(['s', 's', 's']);
    expect(catalog.toolNames('s')).toEqual(['a_b', 'a-b', 'c']);
    expect(catalog.resolve('s', 'aB')).toBeUndefined();
    expect(catalog.resolve('s', 'a-b')?.alias).toBe('a-b');
  });

  it('takes a server’s alias back when another server claims it, also in signatures', () => {
    const catalog = new Catalog();
    catalog.setServer('my-db', [tool('query', empty)]);
    expect(catalog.resolve('myDb', 'query')?.signature).toContain('tools.myDb.query');
    catalog.setServer('my_db', [tool('query', empty)]);
    expect(catalog.resolve('myDb', 'query')).toBeUndefined();
    expect(catalog.resolve('my-db', 'query')?.signature).toContain('tools["my-db"].query');
    expect(catalog.problems()).toHaveLength(1);
    catalog.removeServer('my_db');
    expect(catalog.resolve('myDb', 'query')?.server).toBe('my-db');
  });

  it('refuses a server name with control characters', () => {
    expect(caught(() => new Catalog().setServer('a\u0000', [])).code).toBe('config.value');
  });
});
