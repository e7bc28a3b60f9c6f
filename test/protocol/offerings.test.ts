import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { ServerError } from '../../src/upstream/server-error.ts';
import { type FakeServer, FakeUpstreams } from './fake-upstreams.ts';

const context = { signal: new AbortController().signal };
const notFound = (uri: unknown): ServerError => new ServerError(-32602, `not found: ${String(uri)}`, undefined);

/** A server with these resources, pages of one, and templates. */
function library(name: string, uris: readonly string[], templates: readonly string[] = []): FakeServer {
  return {
    offers: ['resources', 'subscribe'],
    answer(method, params): JsonObject {
      if (method === 'resources/list') {
        const at = Number(params.cursor ?? 0);
        const resources = uris.slice(at, at + 1).map((uri) => ({ uri, name: `${uri} of ${name}` }));
        return { resources, ...(at + 1 < uris.length ? { nextCursor: String(at + 1) } : {}) };
      }
      if (method === 'resources/templates/list')
        return { resourceTemplates: templates.map((uriTemplate) => ({ uriTemplate, name })) };
      if (method !== 'resources/read') return {};
      const fits =
        uris.includes(String(params.uri)) ||
        templates.some((it) => String(params.uri).startsWith(it.split('{')[0] as string));
      if (!fits) throw notFound(params.uri);
      return { contents: [{ uri: String(params.uri), text: `from ${name}` }] };
    },
  };
}

const textOf = (result: JsonObject): unknown => (result.contents as JsonObject[])[0];

describe('resources of several servers', () => {
  const upstreams = new FakeUpstreams({
    a: library('a', ['x:1', 'x:same'], ['x://a/{id}']),
    b: library('b', ['x:same', 'x:2'], ['x://b/{id}']),
    c: { tools: ['get'] },
  });
  const { offerings } = upstreams.passThrough();

  it('are one list of all pages, in which the second of two equal URIs has another one', async () => {
    const own = [{ uri: 'optimizer://manifest', name: 'manifest' }];
    const { resources } = await offerings.listResources({}, context, own);
    expect((resources as JsonObject[]).map(({ uri }) => uri)).toEqual([
      'optimizer://manifest',
      'x:1',
      'x:same',
      'optimizer://resource/b/x%3Asame',
      'x:2',
    ]);
    expect(upstreams.asked.some(({ server }) => server === 'c')).toBe(false);
  });

  it('are read from their server, under the URI by which they were asked for', async () => {
    const read = async (uri: string) => textOf(await offerings.read({ uri }, context));
    expect(await read('x:same')).toEqual({ uri: 'x:same', text: 'from a' });
    expect(await read('optimizer://resource/b/x%3Asame')).toEqual({
      uri: 'optimizer://resource/b/x%3Asame',
      text: 'from b',
    });
    expect(await read('x:2')).toEqual({ uri: 'x:2', text: 'from b' });
    expect(await read('x://b/7')).toEqual({ uri: 'x://b/7', text: 'from b' });
  });

  it('that nobody has are refused in the words of the last server that was asked', async () => {
    await expect(offerings.read({ uri: 'x:none' }, context)).rejects.toMatchObject({
      code: -32602,
      message: 'not found: x:none',
    });
  });

  it('are read before they were listed, too', async () => {
    const fresh = upstreams.passThrough().offerings;
    expect(textOf(await fresh.read({ uri: 'x:2' }, context))).toEqual({ uri: 'x:2', text: 'from b' });
  });

  it('of a server that fails to list do not take the others with them', async () => {
    const broken: FakeServer = {
      offers: ['resources'],
      answer: () => Promise.reject(new ServerError(-32603, 'no', undefined)),
    };
    const mixed = new FakeUpstreams({ broken, a: library('a', ['x:1']) }).passThrough().offerings;
    expect((await mixed.listResources({}, context, [])).resources).toHaveLength(1);
  });
});

describe('prompts of several servers', () => {
  const withPrompts: FakeServer = {
    offers: ['prompts'],
    answer: (method, params) =>
      method === 'prompts/list'
        ? { prompts: [{ name: 'greet', description: 'Greets.' }] }
        : { messages: [], asked: params },
  };
  const upstreams = new FakeUpstreams({ a: withPrompts, b: withPrompts });
  const { offerings } = upstreams.passThrough();

  it('have the name of their server before their own', async () => {
    const { prompts } = await offerings.listPrompts({}, context);
    expect(prompts).toEqual([
      { name: 'a__greet', description: 'Greets.' },
      { name: 'b__greet', description: 'Greets.' },
    ]);
    const got = await offerings.getPrompt({ name: 'b__greet', arguments: { who: 'Ada' } }, context);
    expect(got).toEqual({ messages: [], asked: { name: 'greet', arguments: { who: 'Ada' } } });
    expect(upstreams.asked.at(-1)).toMatchObject({ server: 'b', method: 'prompts/get' });
  });

  it('are completed by their own name', async () => {
    const ref = { type: 'ref/prompt', name: 'a__greet' };
    await offerings.complete({ ref, argument: { name: 'who', value: 'A' } }, context);
    expect(upstreams.asked.at(-1)?.params.ref).toEqual({ type: 'ref/prompt', name: 'greet' });
    const unknown = offerings.complete({ ref: { type: 'ref/resource', uri: 'x://{y}' } }, context);
    await expect(unknown).rejects.toMatchObject({ code: -32602 });
  });
});

describe('subscriptions', () => {
  const upstreams = new FakeUpstreams({ a: library('a', ['x:1']) });
  const { subscriptions } = upstreams.passThrough();
  const methods = (): string[] => upstreams.asked.map(({ method }) => method).filter((it) => /subscribe/.test(it));

  it('of many clients are one at the server, told to each, renewed with it, and end with the last', async () => {
    const heard: string[] = [];
    const [one, two] = [{}, {}];
    await subscriptions.add(one, 'x:1', (uri) => heard.push(`one ${uri}`), context);
    await subscriptions.add(two, 'x:1', (uri) => heard.push(`two ${uri}`), context);
    upstreams.notify('a', 'notifications/resources/updated', { uri: 'x:1' });
    upstreams.notify('a', 'notifications/resources/updated', { uri: 'x:other' });
    expect(heard).toEqual(['one x:1', 'two x:1']);
    expect(methods()).toEqual(['resources/subscribe']);
    upstreams.reconnect('a');
    expect(methods()).toHaveLength(2);
    await subscriptions.remove(one, 'x:1', context);
    expect(methods()).toHaveLength(2);
    await subscriptions.removeAll(two);
    expect(methods().at(-1)).toBe('resources/unsubscribe');
    upstreams.notify('a', 'notifications/resources/updated', { uri: 'x:1' });
    expect(heard).toHaveLength(2);
  });
});
