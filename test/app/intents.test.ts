/** Intents in the whole product: over a tracker, in searches, in the check, and the examples over the three real servers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { RunContext } from '../../src/engine/request.ts';
import type { StdioServerSpec } from '../../src/upstream/server-spec.ts';
import { type House, openHouse, server } from './house.ts';

const context: RunContext = { signal: new AbortController().signal, onEvent: () => undefined };
const folderOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

describe('the intents of a tracker', () => {
  let house: House;
  beforeAll(async () => {
    const intents = { path: folderOf('../fixtures/intents'), isNamed: true };
    house = await openHouse([server('tracker', 'tracker')], { intents });
    await house.app.fleet.whenListed(10_000);
  });
  afterAll(() => house.app.close());
  const intents = () => house.app.engine.intents();
  const ask = (intent: string, params: JsonObject = {}) => intents().executeIntent({ intent, params }, context);

  it('list, analyze and create, one after the other', async () => {
    const listed = await ask('list_errors', { limit: 2 });
    expect(listed.value).toEqual([
      { id: 'E1', title: 'Checkout fails for empty carts', count: 42 },
      { id: 'E3', title: 'Prices round down', count: 19 },
    ]);
    expect((await ask('analyze_error', { id: 'E1' })).value).toEqual({
      id: 'E1',
      title: 'Checkout fails for empty carts',
      source: 'cart.ts:10',
      severity: 'high',
    });
    const fixed = await ask('create_fix', { id: 'E1' });
    expect(fixed.value).toMatchObject({ error: 'E1', title: '[high] look at cart.ts:10' });
    expect(fixed.calls.map(({ tool, effect }) => [tool, effect])).toEqual([
      ['tracker.error_get', 'read'],
      ['tracker.fix_create', 'write'],
    ]);
  });

  it('are meant by words', async () => {
    expect((await ask('show me the latest errors')).intent).toBe('list_errors');
    expect((await ask('explain an error', { id: 'E2' })).intent).toBe('analyze_error');
    await expect(ask('error', { id: 'E2' })).rejects.toMatchObject({ code: 'request.intent' });
  });

  it('are one batch, in which the fix follows from what was listed', async () => {
    const result = await intents().executeBatch(
      {
        steps: [
          { id: 'errors', intent: 'list_errors', params: { service: 'mail' } },
          { id: 'why', intent: 'analyze_error', params: { id: { $from: 'errors[0].id' } } },
          { intent: 'create_fix', params: { id: { $from: 'why.id' }, title: { $from: 'why.title' } } },
        ],
      },
      context,
    );
    expect(result.steps[2]?.value).toMatchObject({ error: 'E2', title: 'Mail is sent twice' });
  });

  it('stand first in a search, in its text and as data, in a program and outside', async () => {
    const { matches, total } = await house.app.engine.search('latest errors', 5);
    expect(matches[0]).toMatchObject({ server: 'intents', tool: 'list_errors', kind: 'intent' });
    expect(matches.some(({ kind }) => kind === 'tool')).toBe(true);
    expect(total).toBe(6);
    const lines = (await house.app.engine.searchText('latest errors', 5)).split('\n');
    expect(lines[0]).toMatch(/^\d intents?, \d of 6 tools$/);
    expect(lines[1]).toMatch(/^intents\.list_errors\(params\?: \{service\?: string; limit\?: number\}\)/);
    const inside = await house.app.engine.execute(
      { code: `return (await search('latest errors')).matches[0].tool` },
      context,
    );
    expect(inside.value).toBe('list_errors');
    expect(await house.app.engine.searchText('', undefined)).toContain('Intents: intents.analyze_error, ');
  });

  it('keep within the limit of a search', async () => {
    expect((await house.app.engine.search('errors', 1)).matches).toMatchObject([{ kind: 'intent' }]);
    expect((await house.app.engine.search('errors', 3)).matches).toHaveLength(3);
  });

  it('are described by a declaration', async () => {
    const described = await house.app.engine.describe('intents', 'createFix');
    expect(described).toMatchObject({ server: 'intents', tool: 'create_fix', pinned: true });
    expect(described.declaration).toContain('create_fix(params: CreateFixArgs): Promise<unknown>;');
    await expect(house.app.engine.describe('intents', 'nothing')).rejects.toMatchObject({ code: 'request.intent' });
  });

  it('are known to the check, their names and their parameters', async () => {
    const check = async (code: string): Promise<Json | undefined> => {
      const { error } = await house.app.engine.execute({ code, check: 'error' }, context);
      return error === undefined ? undefined : [error.code, error.message];
    };
    expect(await check('return await intents.list_errors({ limit: 1 })')).toBeUndefined();
    expect(await check('return await intents.listErrors()')).toBeUndefined();
    expect(await check('return await intents.analyze_error({})')).toEqual([
      'check.types',
      expect.stringContaining('`id`'),
    ]);
    expect(await check('return await intents.list_erors({})')).toEqual([
      'check.types',
      expect.stringContaining('list_errors'),
    ]);
  });

  it('are refused when they do not pass the check', async () => {
    const save = (code: string) => intents().save('default', { name: 'mine', code });
    await expect(save('return await tools.tracker.error_gt({ id: "E1" })')).rejects.toMatchObject({
      code: 'check.types',
    });
    await expect(save('return await tools.tracker.error_get({ id: params.id })')).resolves.toEqual({ name: 'mine' });
  });

  it('of a tenant are found by that tenant alone', async () => {
    await intents().save('one', { name: 'weekly_mail', code: 'return 1', description: 'Write the weekly mail.' });
    const found = async (tenant: string) =>
      (await house.app.engine.searchFor(tenant, 'weekly mail', 5)).matches[0]?.tool;
    expect(await found('one')).toBe('weekly_mail');
    expect(await found('two')).not.toBe('weekly_mail');
    const run = await house.app.engine.execute(
      { code: `return (await search('weekly mail')).matches[0].tool`, tenant: 'one' },
      context,
    );
    expect(run.value).toBe('weekly_mail');
  });
});

describe('the examples over the three servers of `npm start`', () => {
  const data = mkdtempSync(join(tmpdir(), 'mcp-optimizer-examples-'));
  let house: House;
  beforeAll(async () => {
    const { resolve } = createRequire(import.meta.url);
    const real = (name: string, args: string[], env: Record<string, string> = {}): StdioServerSpec => ({
      ...server(name, 'plain', { env }),
      args: [resolve(`@modelcontextprotocol/server-${name}/dist/index.js`), ...args],
    });
    writeFileSync(join(data, 'a.txt'), 'first line\nthe needle is here\n');
    writeFileSync(join(data, 'b.md'), 'a needle too\n');
    house = await openHouse(
      [
        real('filesystem', [data]),
        real('memory', [], { MEMORY_FILE_PATH: join(data, 'memory.jsonl') }),
        real('everything', []),
      ],
      { intents: { path: folderOf('../../examples/intents'), isNamed: true } },
    );
    await house.app.fleet.whenListed(30_000);
  });
  afterAll(async () => {
    await house.app.close();
    rmSync(data, { recursive: true, force: true });
  });
  const ask = async (intent: string, params: JsonObject): Promise<Json | undefined> => {
    const { value, error } = await house.app.engine.intents().executeIntent({ intent, params }, context);
    return error === undefined ? value : (error as unknown as Json);
  };

  it('can all be used', async () => {
    expect(await house.app.engine.intents().problems()).toEqual([]);
    expect((await house.app.engine.intents().list('default')).map(({ name }) => name)).toEqual([
      'add_numbers',
      'list_files',
      'recall',
      'remember',
      'search_in_files',
    ]);
  });

  it('list and search files', async () => {
    expect(await ask('list_files', { folder: data, ending: '.txt' })).toEqual({ count: 1, files: ['a.txt'] });
    expect(await ask('search_in_files', { folder: data, text: 'needle' })).toEqual([
      { file: 'a.txt', line: 2, text: 'the needle is here' },
      { file: 'b.md', line: 1, text: 'a needle too' },
    ]);
  });

  it('remember and recall', async () => {
    expect(await ask('remember', { about: 'Ada', fact: 'likes engines', kind: 'person' })).toBe('Ada: likes engines');
    expect(await ask('remember', { about: 'Ada', fact: 'wrote notes' })).toBe('Ada: wrote notes');
    expect(await ask('recall', { about: 'Ada' })).toEqual({ Ada: ['likes engines', 'wrote notes'] });
  });

  it('add numbers', async () => {
    expect(await ask('add_numbers', { numbers: [1, 2, 3.5] })).toBe(6.5);
  });
});
