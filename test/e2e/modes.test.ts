/**
 * What clients see of the servers themselves, in every mode: the SDK's own client, in both eras, over the pipe and over
 * HTTP, against the built binary with the reference servers behind it. What a client gets without the optimizer is asked
 * of the same servers directly, and compared.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpServed } from './http-served.ts';
import { type ServerEntry, World } from './world.ts';

const world = new World();
const files = world.path('files');
mkdirSync(files);
writeFileSync(`${files}/note.txt`, 'a note');
const servers: Record<string, ServerEntry> = { ...world.realServers(files), plain: world.fixture('plain') };
const config = world.config('modes', servers, {
  hotSet: ['everything.get-sum', 'filesystem.read_text_file'],
  profiles: { looking: { mode: 'direct', readOnly: true }, lean: { mode: 'hybrid', hotSet: ['memory.read_graph'] } },
  clients: { 'weak-model': 'direct', 'lean-*': 'lean' },
});

afterAll(async () => {
  expect(await world.close()).toEqual([]);
});

type Mode = 'legacy' | { pin: string };

/** A client that answers what it is asked, and keeps what it was asked and told. */
class TestClient {
  readonly client: Client;
  readonly asked: unknown[] = [];
  readonly told: string[] = [];

  constructor(
    mode: Mode,
    name = 'e2e',
    capabilities: Record<string, object> = { elicitation: { form: {} }, sampling: {} },
  ) {
    this.client = new Client({ name, version: '1' }, { capabilities, versionNegotiation: { mode } });
    if ('elicitation' in capabilities) {
      this.client.setRequestHandler('elicitation/create', async ({ params }) => {
        this.asked.push(params);
        return { action: 'accept', content: { name: 'Ada', check: true } };
      });
    }
    if ('sampling' in capabilities) {
      this.client.setRequestHandler('sampling/createMessage', async ({ params }) => {
        this.asked.push(params);
        return { model: 'none', role: 'assistant', content: { type: 'text', text: 'a completion' } };
      });
    }
    for (const method of ['notifications/tools/list_changed', 'notifications/message'] as const) {
      this.client.setNotificationHandler(method, () => void this.told.push(method));
    }
    this.client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      this.told.push(params.uri);
    });
  }

  async overPipe(...more: string[]): Promise<this> {
    const args = ['serve', '--config', config, ...more];
    await this.client.connect(new StdioClientTransport({ command: world.binary, args, stderr: 'ignore' }));
    return this;
  }

  async overHttp(url: string, headers: Record<string, string> = {}): Promise<this> {
    await this.client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
    return this;
  }

  async toolNames(): Promise<string[]> {
    return (await this.client.listTools()).tools.map(({ name }) => name);
  }

  async until(fits: () => boolean): Promise<void> {
    while (!fits()) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What comes back for these bytes until the connection ends; nothing when it is only cut. */
async function rawRequest(port: number, bytes: string): Promise<string> {
  return await new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

/** What the `everything` server itself answers. */
async function plainEverything(): Promise<Client> {
  const client = new Client(
    { name: 'plain', version: '1' },
    { capabilities: { elicitation: { form: {} }, sampling: {} } },
  );
  const { command, args } = servers['everything'] as ServerEntry;
  await client.connect(new StdioClientTransport({ command, args: [...args], stderr: 'ignore' }));
  return client;
}

/** A revision of 2026-07-28 stamps each result with who answered and how long it is good. */
function unstamped(result: object): object {
  const {
    ttlMs: _ttl,
    cacheScope: _scope,
    _meta: meta = {},
    ...rest
  } = result as { _meta?: object } & Record<string, unknown>;
  const { 'io.modelcontextprotocol/serverInfo': _server, ...own } = meta as Record<string, unknown>;
  return Object.keys(own).length === 0 ? rest : { ...rest, _meta: own };
}

const ERAS = [
  ['initialize', 'legacy'],
  ['2026-07-28', { pin: '2026-07-28' }],
] as const;

describe.each(ERAS)('mode direct with a client of %s', (_era, mode) => {
  let plain: Client;
  let agent: TestClient;
  beforeAll(async () => {
    plain = await plainEverything();
    agent = await new TestClient(mode).overPipe('--mode', 'direct');
    return async () => void (await Promise.all([plain.close(), agent.client.close()]));
  });

  it('lists the tools of all servers under `server__tool`, defined as their servers define them', async () => {
    const { tools } = await agent.client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toContain('filesystem__read_text_file');
    expect(names).toContain('memory__create_entities');
    expect(names.every((name) => /^[A-Za-z0-9_-]{1,64}$/.test(name))).toBe(true);
    const own = (await plain.listTools()).tools;
    for (const { execution, ...definition } of own) {
      // Tasks left the core of the protocol with 2026-07-28.
      const more = mode === 'legacy' && execution !== undefined ? { execution } : {};
      expect(tools.find(({ name }) => name === `everything__${definition.name}`)).toEqual({
        ...definition,
        ...more,
        name: `everything__${definition.name}`,
      });
    }
  });

  it.each([
    ['get-sum', { a: 2, b: 3 }],
    ['get-sum', { a: 'no number' }],
    ['get-tiny-image', {}],
    ['get-structured-content', { location: 'Chicago' }],
    ['get-annotated-message', { messageType: 'error', includeImage: true }],
    ['get-resource-links', { count: 3 }],
    ['get-resource-reference', { resourceType: 'Text', resourceId: 1 }],
  ])('passes the result of `%s` %j unchanged', async (name, given) => {
    const through = await agent.client.callTool({ name: `everything__${name}`, arguments: given });
    const direct = await plain.callTool({ name, arguments: given });
    // Its resources say when they were made.
    const timeless = (result: object): unknown =>
      JSON.parse(JSON.stringify(result).replaceAll(/\d+:\d+:\d+ [AP]M/g, 'T'));
    expect(timeless(unstamped(through))).toEqual(timeless(direct));
  });

  it('passes a JSON-RPC error of a server with its code and all of its words', async () => {
    const failure = await agent.client.callTool({ name: 'plain__refuses', arguments: {} }).catch((error) => error);
    expect([failure.code, failure.message]).toEqual([-32602, 'Invalid params: id is required. '.repeat(200)]);
  });

  it('passes progress in the numbers of the server', async () => {
    const heard: unknown[] = [];
    await agent.client.callTool(
      { name: 'plain__slow', arguments: { steps: 4, everyMs: 30 } },
      { onprogress: (progress) => heard.push(progress) },
    );
    // A client drops progress that comes in one piece with the answer.
    expect(heard.slice(0, 3)).toEqual([1, 2, 3].map((progress) => ({ progress, total: 4 })));
  });

  it('cancels the call at its server', async () => {
    const stop = new AbortController();
    const cancelled = async (): Promise<unknown[]> => {
      const { content } = await agent.client.callTool({ name: 'plain__cancelled', arguments: {} });
      return JSON.parse((content[0] as { text: string }).text);
    };
    const before = (await cancelled()).length;
    const call = agent.client.callTool({ name: 'plain__never', arguments: {} }, { signal: stop.signal });
    const refused = expect(call).rejects.toThrow();
    setTimeout(() => stop.abort('enough'), 100);
    await refused;
    let after = before;
    while (after === before) after = (await cancelled()).length;
    expect(after).toBe(before + 1);
  });

  it('asks the client what a server asks, and takes the answer back', async () => {
    const { content } = await agent.client.callTool({ name: 'everything__trigger-elicitation-request', arguments: {} });
    expect(agent.asked.at(-1)).toMatchObject({ message: expect.any(String), requestedSchema: { type: 'object' } });
    expect(JSON.stringify(content)).toContain('Name: Ada');
    const sampled = await agent.client.callTool({
      name: 'everything__trigger-sampling-request',
      arguments: { prompt: 'a riddle', maxTokens: 20 },
    });
    expect(JSON.stringify(agent.asked.at(-1))).toContain('a riddle');
    expect(JSON.stringify(sampled.content)).toContain('a completion');
  });

  it('answers an unknown tool with -32602 and the nearest name', async () => {
    const failure = await agent.client.callTool({ name: 'everything__get_sum', arguments: {} }).catch((error) => error);
    expect(failure.code).toBe(-32602);
    expect(failure.message).toMatch(/nearest: everything__get-sum/);
  });

  it('hands on the instructions of the servers', () => {
    expect(agent.client.getInstructions()).toMatch(/^Tools are named server__tool\./);
  });
});

describe.each(ERAS)('resources and prompts in mode code with a client of %s', (_era, mode) => {
  let plain: Client;
  let agent: TestClient;
  beforeAll(async () => {
    plain = await plainEverything();
    agent = await new TestClient(mode).overPipe();
    return async () => void (await Promise.all([plain.close(), agent.client.close()]));
  });

  it('lists and reads the resources and templates of the servers', async () => {
    const { resources } = await agent.client.listResources();
    const own = (await plain.listResources()).resources;
    expect(resources).toEqual(expect.arrayContaining(own));
    const templates = await agent.client.listResourceTemplates();
    expect(templates.resourceTemplates).toEqual((await plain.listResourceTemplates()).resourceTemplates);
    const uri = own[0]?.uri as string;
    expect(unstamped(await agent.client.readResource({ uri }))).toEqual(await plain.readResource({ uri }));
    const dynamic = await agent.client.readResource({ uri: 'demo://resource/dynamic/text/7' });
    expect(JSON.stringify(dynamic.contents)).toContain('Resource 7');
    const missing = await agent.client.readResource({ uri: 'demo://nothing' }).catch((error) => error);
    expect(missing.code).toBe(-32602);
  });

  it('lists, fills and completes the prompts of the servers', async () => {
    const { prompts } = await agent.client.listPrompts();
    const own = (await plain.listPrompts()).prompts;
    expect(prompts).toEqual(own.map((prompt) => ({ ...prompt, name: `everything__${prompt.name}` })));
    const given = { city: 'Paris' };
    expect(unstamped(await agent.client.getPrompt({ name: 'everything__args-prompt', arguments: given }))).toEqual(
      await plain.getPrompt({ name: 'args-prompt', arguments: given }),
    );
    const argument = { name: 'department', value: 'E' };
    const completed = await agent.client.complete({
      ref: { type: 'ref/prompt', name: 'everything__completable-prompt' },
      argument,
    });
    expect(completed.completion.values).toEqual(['Engineering']);
    const missing = await agent.client.getPrompt({ name: 'everything__arg-prompt' }).catch((error) => error);
    expect([missing.code, missing.message]).toEqual([-32602, expect.stringContaining('everything__args-prompt')]);
  });

  it('asks the client what a server asks during a program', async () => {
    const code = 'return tools.everything.triggerElicitationRequest({})';
    const ran = await agent.client.callTool({ name: 'run_code', arguments: { code } });
    expect(agent.asked).toHaveLength(1);
    expect(JSON.stringify(ran.content)).toContain('Name: Ada');
  });
});

describe('a client that cannot be asked', () => {
  it('makes the server hear so, and shows tools that a server has for such a client', async () => {
    const agent = await new TestClient('legacy', 'e2e', {}).overPipe('--mode', 'direct');
    expect(await agent.toolNames()).not.toContain('everything__trigger-elicitation-request');
    await agent.client.close();
  });
});

describe('subscriptions and log messages', () => {
  it('of one server reach the client that wants them', async () => {
    const agent = await new TestClient('legacy').overPipe('--mode', 'direct');
    const uri = (await agent.client.listResources()).resources.find(({ uri }) => uri.startsWith('demo:'))
      ?.uri as string;
    await agent.client.setLoggingLevel('debug');
    await agent.client.subscribeResource({ uri });
    await agent.client.callTool({ name: 'everything__toggle-subscriber-updates', arguments: {} });
    await agent.until(() => agent.told.includes(uri) && agent.told.includes('notifications/message'));
    await agent.client.unsubscribeResource({ uri });
    await agent.client.close();
  });
});

describe.each(ERAS)('mode hybrid with a client of %s', (_era, mode) => {
  let agent: TestClient;
  beforeAll(async () => {
    agent = await new TestClient(mode).overPipe('--mode', 'hybrid');
    return () => agent.client.close();
  });

  it('lists the three tools and the hot set in its order, the same bytes each time', async () => {
    const first = await agent.client.listTools();
    expect(first.tools.map(({ name }) => name)).toEqual([
      'search_tools',
      'run_code',
      'run_code_readonly',
      'everything__get-sum',
      'filesystem__read_text_file',
    ]);
    await agent.client.callTool({ name: 'search_tools', arguments: { query: '' } });
    expect(JSON.stringify((await agent.client.listTools()).tools)).toBe(JSON.stringify(first.tools));
  });

  it('passes calls of the hot set, and refuses others by their name', async () => {
    const sum = await agent.client.callTool({ name: 'everything__get-sum', arguments: { a: 1, b: 2 } });
    expect(sum.content).toEqual([{ type: 'text', text: 'The sum of 1 and 2 is 3.' }]);
    const other = await agent.client.callTool({ name: 'everything__echo', arguments: {} });
    expect([other.isError, JSON.stringify(other.content)]).toEqual([true, expect.stringContaining('request.tool')]);
  });

  it('answers a program that is one plain call as a guest does', async () => {
    const run = async (code: string): Promise<unknown> => {
      const { content, isError } = await agent.client.callTool({ name: 'run_code', arguments: { code } });
      return [isError, content];
    };
    for (const call of ['everything.getSum({ a: 2, b: 3 })', 'memory.read_graph()', 'plain.fails({ id: 7 })']) {
      expect(await run(`return  await tools.${call}`)).toEqual(await run(`return [await tools.${call}][0]`));
    }
  });
});

describe('which client is shown what', () => {
  it.each([
    ['weak-model', [], 'direct'],
    ['lean-agent', [], 'hybrid'],
    ['somebody', [], 'code'],
    ['weak-model', ['--mode', 'CODE_ONLY'], 'code'],
    ['somebody', ['--profile', 'lean'], 'hybrid'],
  ] as const)('%s with %j sees mode %s', async (name, more, mode) => {
    const agent = await new TestClient('legacy', name, {}).overPipe(...more);
    const names = await agent.toolNames();
    expect(names.includes('run_code')).toBe(mode !== 'direct');
    expect(names.includes('memory__read_graph')).toBe(mode !== 'code');
    await agent.client.close();
  });

  it('hides and refuses what may write from a profile that only reads', async () => {
    const agent = await new TestClient('legacy').overPipe('--profile', 'looking');
    const names = await agent.toolNames();
    expect(names).toContain('filesystem__read_text_file');
    expect(names).not.toContain('filesystem__write_file');
    const given = { path: `${files}/new.txt`, content: '' };
    const { isError, content } = await agent.client.callTool({ name: 'filesystem__write_file', arguments: given });
    expect([isError, JSON.stringify(content)]).toEqual([true, expect.stringContaining('denied.readOnly')]);
    await agent.client.close();
  });
});

describe('MCP over HTTP', () => {
  const token = 'a-token-of-this-test';
  let served: HttpServed;
  beforeAll(async () => {
    served = await HttpServed.start(world, config, ['--http', '127.0.0.1:0'], { MCP_OPTIMIZER_HTTP_TOKEN: token });
  });
  const headers = { Authorization: `Bearer ${token}` };

  it.each(ERAS)('serves each address in its mode to a client of %s', async (_era, mode) => {
    const [code, direct, lean] = await Promise.all(
      ['', '?mode=direct', '?profile=lean'].map((query) =>
        new TestClient(mode).overHttp(`${served.url}${query}`, headers),
      ),
    );
    expect(await code?.toolNames()).toEqual(['search_tools', 'run_code', 'run_code_readonly']);
    expect(await direct?.toolNames()).toContain('everything__get-sum');
    expect(await lean?.toolNames()).toContain('memory__read_graph');
    const name = 'everything__trigger-elicitation-request';
    const [asked, ran] = await Promise.all([
      direct?.client.callTool({ name, arguments: {} }),
      code?.client.callTool({ name: 'run_code', arguments: { code: 'return 6 * 7' } }),
    ]);
    expect(JSON.stringify(asked?.content)).toContain('Name: Ada');
    expect(ran?.content[0]).toEqual({ type: 'text', text: '42' });
    const heard: unknown[] = [];
    await direct?.client.callTool(
      { name: 'plain__slow', arguments: { steps: 3, everyMs: 30 } },
      { onprogress: (progress) => heard.push(progress) },
    );
    expect(heard.slice(0, 2)).toEqual([1, 2].map((progress) => ({ progress, total: 3 })));
    await Promise.all([code, direct, lean].map((agent) => agent?.client.close()));
  });

  it('keeps out who has no token, calls under another name, or comes from a page', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    const post = (more: Record<string, string>) =>
      served.request('POST', '/mcp', { 'Content-Type': 'application/json', ...more }, body);
    expect((await post({})).status).toBe(401);
    expect((await post({ Authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await post({ ...headers, Host: 'evil.example' })).status).toBe(403);
    expect((await post({ ...headers, Origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ ...headers, Origin: 'http://localhost:3000' })).status).toBe(400);
    expect((await served.request('GET', '/health', {})).status).toBe(401);
  });

  it('answers what it does not serve, a body that is too long, and wishes that it does not know', async () => {
    expect((await served.request('GET', '/', headers)).status).toBe(404);
    expect(JSON.parse((await served.request('GET', '/health', headers)).text)).toMatchObject({ version: '0.1.0' });
    const unknown = await served.request('POST', '/mcp?mode=fast', headers, '{}');
    expect([unknown.status, unknown.text]).toEqual([400, expect.stringContaining('code, hybrid, direct')]);
    const profile = await served.request('POST', '/mcp?profile=none', headers, '{}');
    expect([profile.status, profile.text]).toEqual([400, expect.stringContaining('looking, lean')]);
    const session = { ...headers, 'Mcp-Session-Id': 'gone', 'Content-Type': 'application/json' };
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    expect((await served.request('POST', '/mcp', session, ping)).status).toBe(404);
  });

  it('answers what is no address, no method of it, and no JSON, and goes on', async () => {
    const { port } = new URL(served.url);
    for (const target of ['//', '////', 'http://elsewhere:99999/mcp', 'http://[']) {
      const answer = await rawRequest(
        Number(port),
        `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      // Who has no token learns nothing else.
      expect([target, answer]).toEqual([target, expect.stringMatching(/^HTTP\/1\.1 40[01] /)]);
      const known = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`;
      expect([target, await rawRequest(Number(port), known)]).toEqual([
        target,
        expect.stringMatching(/^HTTP\/1\.1 400 /),
      ]);
    }
    expect((await served.request('PUT', '/mcp', headers, '{}')).status).toBe(405);
    const json = { ...headers, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const broken = await served.request('POST', '/mcp', json, '{');
    expect([broken.status, JSON.parse(broken.text).error.code]).toEqual([400, -32700]);
    expect((await served.request('GET', '/health', headers)).status).toBe(200);
  });

  it('answers a body that is too long with 413', async () => {
    const json = { ...headers, 'Content-Type': 'application/json', 'Content-Length': String(33 * 1024 * 1024) };
    const answer = await rawRequest(
      Number(new URL(served.url).port),
      `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${Object.entries(json)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('gives up a request whose body stands still', async () => {
    const head = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Length: 1000\r\n\r\n{`;
    expect(await rawRequest(Number(new URL(served.url).port), head)).not.toMatch(/^HTTP\/1\.1 2/);
  });

  it('opens the stream of a session at once, and no second one', async () => {
    const accept = { ...headers, Accept: 'application/json, text/event-stream', 'Content-Type': 'application/json' };
    const clientInfo = { name: 'raw', version: '1' };
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    const greeted = await fetch(served.url, { method: 'POST', headers: accept, body });
    const known = { ...accept, 'Mcp-Session-Id': greeted.headers.get('mcp-session-id') as string };
    const stream = await fetch(served.url, { headers: known });
    const reader = stream.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(': open\n\n');
    expect((await fetch(served.url, { headers: known })).status).toBe(409);
    await reader?.cancel();
    expect((await fetch(served.url, { method: 'DELETE', headers: known })).status).toBe(200);
    expect((await fetch(served.url, { headers: known })).status).toBe(404);
  });

  it('answers what is under way when it is told to stop, and ends with status 0', async () => {
    const agent = await new TestClient('legacy').overHttp(`${served.url}?mode=direct`, headers);
    let begun: () => void = () => {};
    const underWay = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const call = agent.client.callTool(
      { name: 'plain__slow', arguments: { steps: 6, everyMs: 100 } },
      { onprogress: () => begun() },
    );
    await underWay;
    served.terminate();
    expect((await call).content).toEqual([{ type: 'text', text: 'done' }]);
    await agent.client.close().catch(() => {});
    expect(await served.ended).toBe(0);
  });
});

describe('a stream of 2026-07-28 over HTTP', () => {
  it('is not waited for at the end', async () => {
    // Longer than this test may take.
    const patient = world.config('patient', {}, { limits: { shutdownGraceMs: 60_000 } });
    const served = await HttpServed.start(world, patient, ['--http', '127.0.0.1:0'], {});
    const method = 'subscriptions/listen';
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const stream = await fetch(served.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': method,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method,
        params: { notifications: { toolsListChanged: true }, _meta },
      }),
    });
    const reader = stream.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('acknowledged');
    served.terminate();
    expect(await served.ended).toBe(0);
    await reader?.cancel().catch(() => {});
  });
});

describe('an address that others reach', () => {
  it('is refused without a token', async () => {
    const served = HttpServed.spawn(world, config, ['--http', '0.0.0.0:0'], {});
    expect(await served.ended).toBe(3);
    expect(served.log).toContain('MCP_OPTIMIZER_HTTP_TOKEN');
  });
});
