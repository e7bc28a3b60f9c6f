import { Client, type JSONRPCMessage, type Transport } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { FakeEngine } from './fake-engine.ts';
import { type Message, Pipe, type PipeOverrides } from './pipe-harness.ts';

/** The SDK's client over the two streams of a pipe. */
function transportTo(pipe: Pipe): Transport {
  const transport: Transport = {
    async start() {
      let rest = '';
      pipe.output.on('data', (chunk: Buffer) => {
        const lines = (rest + chunk.toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) transport.onmessage?.(JSON.parse(line) as JSONRPCMessage);
      });
    },
    async send(message) {
      pipe.raw(`${JSON.stringify(message)}\n`);
    },
    async close() {
      transport.onclose?.();
    },
  };
  return transport;
}

type Mode = 'legacy' | { pin: string };

async function connect(mode: Mode, overrides: PipeOverrides = {}): Promise<{ pipe: Pipe; client: Client }> {
  const pipe = new Pipe(overrides);
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transportTo(pipe));
  return { pipe, client };
}

async function disconnect({ pipe, client }: { pipe: Pipe; client: Client }): Promise<void> {
  await pipe.end();
  await client.close();
}

/** Resolves once the engine has been given a run. */
async function started(engine: FakeEngine): Promise<void> {
  while (engine.signals.length === 0) await new Promise((resolve) => setImmediate(resolve));
}

const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'raw', version: '1' },
};

describe.each<[string, Mode]>([
  ['an initialize client', 'legacy'],
  ['a 2026-07-28 client', { pin: '2026-07-28' }],
])('with %s', (_name, mode) => {
  it('tells who it is and which servers there are, before any has connected', async () => {
    const connection = await connect(mode);
    expect(connection.client.getServerVersion()).toEqual({ name: 'mcp-optimizer', version: '9.9.9' });
    expect(connection.client.getInstructions()).toBe('Servers: alpha, beta');
    await disconnect(connection);
  });

  it('lists exactly three tools, byte for byte the same each time', async () => {
    const connection = await connect(mode);
    const first = await connection.client.listTools();
    const second = await connection.client.listTools();
    expect(first.tools.map((tool) => tool.name)).toEqual(['search_tools', 'run_code', 'run_code_readonly']);
    expect(JSON.stringify(second.tools)).toBe(JSON.stringify(first.tools));
    await disconnect(connection);
  });

  it('runs code, read-only code and searches', async () => {
    const engine = new FakeEngine();
    const connection = await connect(mode, { engine });
    const { client } = connection;
    const ran = await client.callTool({ name: 'run_code', arguments: { code: 'hello' } });
    expect(ran.content).toEqual([
      { type: 'text', text: 'hello' },
      { type: 'text', text: '(Calls: 0 read, 0 write)' },
    ]);
    expect(ran).not.toHaveProperty('structuredContent');
    expect(ran.isError ?? false).toBe(false);
    await client.callTool({ name: 'run_code_readonly', arguments: { code: 'x' } });
    expect(engine.requests).toEqual([
      { code: 'hello', readOnly: false, check: 'error' },
      { code: 'x', readOnly: true, check: 'error' },
    ]);
    const found = await client.callTool({ name: 'search_tools', arguments: { query: 'sum', limit: 500 } });
    expect(found.content).toEqual([{ type: 'text', text: 'found for sum' }]);
    expect(engine.searches).toEqual([{ query: 'sum', limit: 50 }]);
    await disconnect(connection);
  });

  it('answers failures as tool results with isError and a sentence to act on', async () => {
    const connection = await connect(mode);
    const text = async (name: string, given: Record<string, unknown>): Promise<unknown> => {
      const result = await connection.client.callTool({ name, arguments: given });
      expect(result.isError).toBe(true);
      return (result.content[0] as { text: string }).text;
    };
    expect(await text('run_code', { code: 'fail' })).toBe('Error program.error at line 2, column 3: boom');
    expect(await text('run_cod', {})).toMatch(/^Error request.tool: There is no tool run_cod; did you mean run_code\?/);
    const remedy = '\nCorrect the parameter at the path that the message names.';
    expect(await text('run_code', { cod: '' })).toBe(
      `Error request.params: \`arguments.cod\` is not a parameter; did you mean \`code\`?${remedy}`,
    );
    expect(await text('run_code', {})).toBe(
      `Error request.params: \`arguments.code\`: expected string, got nothing.${remedy}`,
    );
    expect(await text('search_tools', { query: 5 })).toBe(
      `Error request.params: \`arguments.query\`: expected string, got number 5.${remedy}`,
    );
    expect(await text('run_code', { code: 'throw' })).toMatch(
      /^Error internal.error: Internal error; .* c_[0-9a-f]{8}/,
    );
    await disconnect(connection);
  });

  it('passes emitted content blocks through and shows as text what is no block', async () => {
    const connection = await connect(mode);
    const { content } = await connection.client.callTool({ name: 'run_code', arguments: { code: 'image' } });
    expect(content.slice(0, 2)).toEqual([
      { type: 'text', text: '{"type":"nonsense","a":1}' },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
    ]);
    await disconnect(connection);
  });

  it('forwards progress with growing numbers to a client that asked', async () => {
    const connection = await connect(mode);
    const seen: Array<{ progress: number; message?: string | undefined }> = [];
    await connection.client.callTool(
      { name: 'run_code', arguments: { code: 'events' } },
      { onprogress: ({ progress, message }) => void seen.push({ progress, message }) },
    );
    expect(seen).toEqual([
      { progress: 1, message: 'running' },
      { progress: 2, message: 'call 1: alpha.get-sum' },
      { progress: 3, message: 'alpha.get-sum 1/2' },
      { progress: 4, message: 'call 1: alpha.get-sum ok' },
    ]);
    await disconnect(connection);
  });

  it('aborts a cancelled run and does not answer it', async () => {
    const engine = new FakeEngine();
    const connection = await connect(mode, { engine });
    const { client, pipe } = connection;
    const abort = new AbortController();
    const call = client.callTool({ name: 'run_code', arguments: { code: 'wait' } }, { signal: abort.signal });
    const refused = call.then(
      () => 'answered',
      () => 'cancelled',
    );
    await started(engine);
    const before = pipe.messages.length;
    abort.abort('enough');
    expect(await refused).toBe('cancelled');
    await pipe.ask('after', 'optimizer/health');
    await disconnect(connection);
    expect(engine.signals[0]?.aborted).toBe(true);
    expect(pipe.messages.slice(before).map((message) => message.id)).toEqual(['after']);
  });

  it('answers a run that the end of the process interrupts', async () => {
    const engine = new FakeEngine();
    const connection = await connect(mode, { engine, shutdownGraceMs: 10 });
    const call = connection.client.callTool({ name: 'run_code', arguments: { code: 'wait' } });
    await started(engine);
    await connection.pipe.end();
    const { content, isError } = await call;
    expect([isError, (content[0] as { text: string }).text]).toEqual([
      true,
      'Error request.cancelled: Cancelled.\nAlready took effect: linear.create. Continue from there in a new program without these calls.',
    ]);
    await connection.client.close();
  });

  it('answers a run that does not hear its abort at the end', async () => {
    const engine = new FakeEngine();
    const connection = await connect(mode, { engine, shutdownGraceMs: 0 });
    const call = connection.client.callTool({ name: 'run_code', arguments: { code: 'deaf' } });
    const failure = call.catch((error: Error) => error.message);
    await started(engine);
    await connection.pipe.end();
    expect(await failure).toBe('The process ended before the request did.');
    await connection.client.close();
  });

  it('shares the pipe with optimizer requests', async () => {
    const connection = await connect(mode);
    expect((await connection.pipe.ask('o1', 'optimizer/execute', { code: 'v' })).result.value).toBe('v');
    expect((await connection.client.listTools()).tools).toHaveLength(3);
    await disconnect(connection);
  });
});

describe('raw MCP lines', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('negotiates %s', async (protocolVersion) => {
    const pipe = new Pipe();
    const { result } = await pipe.ask(1, 'initialize', { ...INITIALIZE, protocolVersion });
    expect(result.protocolVersion).toBe(protocolVersion);
    expect((await pipe.ask(2, 'tools/list')).result.tools).toHaveLength(3);
    await pipe.end();
    expect(pipe.messages).toHaveLength(2);
  });

  it('lets a client that knows no common revision begin with the newest', async () => {
    const pipe = new Pipe();
    const { result } = await pipe.ask(1, 'initialize', { ...INITIALIZE, protocolVersion: '1999-01-01' });
    expect(result.protocolVersion).toBe('2025-11-25');
    await pipe.end();
  });

  it.each<[string, object | undefined, string]>([
    ['initialize', {}, 'params.protocolVersion'],
    ['initialize', undefined, 'params.protocolVersion'],
    ['initialize', { ...INITIALIZE, clientInfo: { name: 'x' } }, 'params.clientInfo.version'],
    ['tools/list', { cursor: 5 }, 'params.cursor'],
    ['tools/call', {}, 'params.name'],
    ['tools/call', { name: 'run_code', arguments: [] }, 'params.arguments'],
    ['tools/call', { name: 'run_code', arguments: {}, _meta: { progressToken: {} } }, 'params._meta'],
  ])('%s refuses %j with -32602 and the path', async (method, params, path) => {
    const pipe = new Pipe();
    const { error } = await pipe.ask(1, method, params);
    expect([error.code, error.data.path]).toEqual([-32602, path]);
    await pipe.end();
  });

  it('answers ping, and a method it does not offer with -32601', async () => {
    const pipe = new Pipe();
    await pipe.ask(1, 'initialize', INITIALIZE);
    pipe.send({ method: 'notifications/initialized' });
    expect((await pipe.ask(2, 'ping')).result).toEqual({});
    expect((await pipe.ask(3, 'tasks/list')).error.code).toBe(-32601);
    await pipe.end();
  });

  it('answers a request that carries a member JSON-RPC does not know', async () => {
    const pipe = new Pipe();
    pipe.send({ id: 1, method: 'tools/list', extra: true });
    expect((await pipe.answer(1)).result.tools).toHaveLength(3);
    await pipe.end();
  });

  it('does not let a stray notification choose the era of the connection', async () => {
    const pipe = new Pipe();
    pipe.send({ method: 'notifications/initialized' });
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const { result } = await pipe.ask(1, 'server/discover', { _meta: meta });
    expect(result.supportedVersions).toContain('2026-07-28');
    await pipe.end();
  });

  it('answers a request whose id was the greeted one', async () => {
    const pipe = new Pipe();
    pipe.send({ id: 1, method: 'initialize', params: INITIALIZE });
    pipe.send({ id: 1, method: 'tools/list' });
    const list: Message = await pipe.find((message) => message.result?.tools !== undefined);
    expect(list.id).toBe(1);
    await pipe.end();
    expect(pipe.messages).toHaveLength(2);
  });
});
