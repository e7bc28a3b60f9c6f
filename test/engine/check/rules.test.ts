/** What the rules hold against a program and what they leave alone, one question at a time. */
import { describe, expect, it } from 'vitest';
import type { CheckServer } from '../../../src/engine/check/declare.ts';
import { Catalog } from '../../../src/upstream/catalog.ts';
import { tool } from '../../upstream/fixture-catalog.ts';
import { check, serversOf } from './harness.ts';

function brief(text: string, isTypeScript = false, servers?: CheckServer[]): string[] {
  return check(text, isTypeScript, servers).map(
    ({ severity, code, line, column }) => `${severity} ${code} ${line}:${column}`,
  );
}

function catalogOf(...tools: Parameters<typeof tool>[]): CheckServer[] {
  const catalog = new Catalog();
  catalog.setServer(
    'my-shop',
    tools.map((definition) => tool(...definition)),
  );
  catalog.setServer('later', []);
  return serversOf(catalog);
}

const object = (properties: Record<string, unknown>, required: string[] = []) => ({
  type: 'object',
  properties,
  required,
});

describe('positions', () => {
  it('are those of the caller, from 1', () => {
    expect(brief('\n  return tools.filesystem.readTextFile({ pathh: 1, path: "a" });')).toEqual([
      'error argument 2:42',
    ]);
  });

  it('are kept when the whole text is one object or one nameless function', () => {
    expect(brief('{ a: await tools.memory.readGraphs() }')).toEqual(['error tool 1:25']);
    expect(brief('async function () { return tools.memory.readGraphs(); }')).toEqual(['error tool 1:41']);
    expect(brief('{ total: (await tools.memory.readGraph()).entities.length };')).toEqual([]);
  });

  it('count what a type takes', () => {
    expect(brief('const path: string = "a"; return tools.filesystem.read({ path });', true)).toEqual([
      'error tool 1:51',
    ]);
  });
});

describe('arguments', () => {
  it('carry the signature and the nearest names', () => {
    const [finding] = check("return await tools.slack.slackPostMessage({ channel_id: 'C', txt: 'x', text: 'y' });");
    expect(finding).toEqual({
      severity: 'error',
      code: 'argument',
      line: 1,
      column: 62,
      message: '`slack.slack_post_message`: there is no argument `txt`; did you mean `text`?',
      nearest: ['text'],
      expected: 'tools.slack.slackPostMessage(args: {channel_id: string; text: string}): Promise<unknown>',
    });
  });

  it.each([
    [
      'a variable that may hold the right word',
      "let s = 'open'; return tools.github.listIssues({ owner: 'a', repo: 'b', state: s });",
    ],
    [
      'one of two kinds',
      'const n = params.x ? 1 : "1"; return tools.github.getIssue({ owner: "a", repo: "b", issue_number: n });',
    ],
    [
      'a date, which is a text in JSON',
      'return tools.github.listIssues({ owner: "a", repo: "b", since: new Date() });',
    ],
    [
      'undefined for what may be left out',
      'return tools.github.listIssues({ owner: "a", repo: "b", state: undefined });',
    ],
    ['an object that is filled later', 'const a = {}; a.owner = "a"; a.repo = "b"; return tools.github.listIssues(a);'],
    [
      'an object that is filled by assign',
      'const a = { owner: "a" }; Object.assign(a, params); return tools.github.listIssues(a);',
    ],
    ['members with computed names', 'const k = "repo"; return tools.github.listIssues({ owner: "a", [k]: "b" });'],
    ['a spread of what is not known', 'return tools.github.listIssues({ ...params });'],
    ['a cast to any', 'return tools.github.listIssues({ nothing: 1 } as any);'],
  ])('pass: %s', (_, text) => {
    expect(brief(text, text.includes(' as any'))).toEqual([]);
  });

  it('of a schema that says nothing are free', () => {
    const servers = catalogOf(['free', {}], ['open', { type: 'object', additionalProperties: true }]);
    expect(
      brief('await tools.myShop.free({ a: 1 }); return tools["my-shop"].open({ b: [] });', false, servers),
    ).toEqual([]);
  });

  it('are judged by the form of a union that comes nearest', () => {
    const either = {
      oneOf: [object({ id: { type: 'string' } }, ['id']), object({ name: { type: 'string' } }, ['name'])],
    };
    const servers = catalogOf(['buy', either]);
    expect(brief('return tools.myShop.buy({ name: "x" });', false, servers)).toEqual([]);
    expect(brief('return tools.myShop.buy({ nam: "x" });', false, servers)).not.toEqual([]);
  });
});

describe('results', () => {
  const item = { type: 'object', properties: { id: { type: 'string' }, more: {} } };
  const orders = { type: 'object', properties: { orders: { type: 'array', items: item } }, required: ['orders'] };
  const servers = catalogOf(['list', object({}), { outputSchema: orders }], ['peek', object({})]);

  it('without a schema are never refused', () => {
    expect(brief('const r = await tools.myShop.peek(); return r.any.thing[0].at("all").x;', false, servers)).toEqual(
      [],
    );
  });

  it('keep what the schema leaves open', () => {
    expect(brief('const r = await tools.myShop.list(); return r.orders[0].more.deep.down;', false, servers)).toEqual(
      [],
    );
  });

  it('are refused where a field is not there, at every depth and in callbacks', () => {
    expect(
      brief('const r = await tools.myShop.list(); return r.orders.map(({ idd }) => idd);', false, servers),
    ).toEqual(['error field 1:61']);
  });

  it.each([
    'const r = await tools.myShop.list(); return r.items ?? r.orders;',
    'const r = await tools.myShop.list(); return r.items ? r.items.length : 0;',
    'const r = await tools.myShop.list(); if ("items" in r) return r.items; return 1;',
    'const r = await tools.myShop.list(); r.count = 1; return r.count;',
    'const r = await tools.myShop.list(); return typeof r === "string" ? r.trim() : r.orders;',
    'const r = await tools.myShop.list(); return r.items?.length;',
  ])('pass where the program asks first: %s', (text) => {
    expect(brief(text, false, servers)).toEqual([]);
  });
});

describe('servers and tools', () => {
  it('are not refused where the program asks whether they are there', () => {
    expect(brief('return "notion" in tools ? await tools.notion.search({}) : null;')).toEqual([]);
    expect(brief('if (tools.notion) return await tools.notion.search({}); return 1;')).toEqual([]);
  });

  it('are open while a server has not listed its tools', () => {
    const servers = catalogOf(['buy', object({})]);
    expect(brief('return await tools.later.anything({ at: "all" });', false, servers)).toEqual([]);
    expect(brief('return await tools.latter.anything({});', false, servers)).toEqual(['error server 1:20']);
  });

  it('answer to both their names, on both levels, raw too', () => {
    const servers = catalogOf(['buy_it', object({ id: { type: 'string' } }, ['id'])]);
    const text =
      'const a = { id: "x" }; return [await tools.myShop.buyIt(a), await tools["my-shop"].buy_it(a), await tools.myShop.$raw.buyIt(a)];';
    expect(brief(text, false, servers)).toEqual([]);
    expect(brief('return tools["my-shop"].$raw.buy_it({ idd: "x", id: "y" });', false, servers)).toEqual([
      'error argument 1:39',
    ]);
  });

  it('with names of the language are what the catalogue says, and nothing else', () => {
    const servers = catalogOf(['constructor', object({})], ['toString', object({})]);
    expect(brief('return tools.myShop.constructor_({ a: 1 });', false, servers)).toEqual(['error argument 1:36']);
  });
});

describe('awaits', () => {
  it.each([
    [
      'Promises that are collected',
      'const all = []; for (const path of ["a"]) all.push(tools.filesystem.readTextFile({ path })); return (await Promise.all(all)).length;',
    ],
    [
      'Promises that are collected in a callback',
      'const all = []; ["a"].forEach(async (path) => { all.push(tools.filesystem.readTextFile({ path })); }); return (await Promise.all(all)).length;',
    ],
    ['a Promise that is the value', 'return tools.memory.readGraph();'],
    [
      'a Promise that is asked for before it is made',
      'let p; const get = () => (p ? p : (p = tools.memory.readGraph())); return (await get()).entities;',
    ],
    ['an answer that is dropped on purpose', 'void tools.memory.readGraph(); return 1;'],
  ])('pass: %s', (_, text) => {
    expect(brief(text)).toEqual([]);
  });
});

describe('names', () => {
  it.each([
    'return typeof fetch === "function" ? 1 : 0;',
    'total = 1; return total;',
    'const fetch = (x) => x; return fetch(1);',
    'globalThis.memo = 1; return memo;',
    'return ((require) => require)(1);',
  ])('pass where they are asked for or made: %s', (text) => {
    expect(brief(text)).toEqual([]);
  });

  it('of types that nobody declared do not count, because types are erased', () => {
    expect(brief('const x: Missing[] = []; return x as Other;', true)).toEqual([]);
  });
});

describe('a value that is never given', () => {
  it('is refused when nothing else of the program can be noticed', () => {
    expect(brief('const g = await tools.memory.readGraph();')).toEqual(['error return 1:1']);
    expect(brief('async function main() { const g = await tools.memory.readGraph(); }')).toEqual(['error return 1:25']);
  });

  it('is noted when a call may have written', () => {
    expect(brief('const r = await tools.slack.slackPostMessage({ channel_id: "C", text: "x" });')).toEqual([
      'warning return 1:1',
    ]);
  });

  it.each([
    'await tools.slack.slackPostMessage({ channel_id: "C", text: "x" });',
    'const g = await tools.memory.readGraph(); console.log(g.entities.length);',
    'const g = await tools.memory.readGraph(); if (g.entities.length > 3) throw new Error("too many");',
    'const x = 1;',
  ])('is no matter here: %s', (text) => {
    expect(brief(text)).toEqual([]);
  });
});

describe('texts that the compiler cannot read', () => {
  it('are not judged', () => {
    expect(() => check('return ((')).toThrow('cannot read');
  });
});
