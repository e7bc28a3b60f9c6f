import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OptimizerError } from '../../src/core/errors.ts';
import { type Connection, connect } from '../../src/upstream/connect.ts';
import { listTools } from '../../src/upstream/list-tools.ts';
import type { ServerSpec } from '../../src/upstream/server-spec.ts';
import { connectDeps, fixture, reference, remote } from './fixture-servers.ts';

const opened: Connection[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((connection) => connection.close(200)));
});

async function open(spec: ServerSpec, signal?: AbortSignal): Promise<Connection> {
  const connection = await connect(spec, connectDeps, signal);
  opened.push(connection);
  return connection;
}

async function refusal(spec: ServerSpec, signal?: AbortSignal): Promise<OptimizerError> {
  const error = await open(spec, signal).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(OptimizerError);
  return error as OptimizerError;
}

describe('connect over stdio', () => {
  it.each([
    ['memory', [], 9],
    ['filesystem', [process.cwd()], 14],
    ['everything', ['stdio'], 13],
  ] as const)('reaches the reference server %s', async (name, args, tools) => {
    const connection = await open(reference(name, args));
    expect(connection.era).toBe('legacy');
    const list = await listTools(connection.client, { timeoutMs: 5_000 });
    expect(list.tools.length).toBeGreaterThanOrEqual(tools);
    expect(list.problems).toEqual([]);
  });

  it('says which command was not found', async () => {
    const error = await refusal({ ...fixture('plain'), command: 'no-such-command-here' });
    expect(error.code).toBe('upstream.unavailable');
    expect(error.message).toBe('Server "plain": the command `no-such-command-here` was not found.');
    expect(error.hint).toContain('PATH');
    expect(error.retryable).toBe(false);
  });

  it('says that the working directory does not exist', async () => {
    const error = await refusal({ ...fixture('plain'), cwd: '/no/such/folder' });
    expect(error.message).toBe('Server "plain": its working directory /no/such/folder does not exist.');
  });

  it('quotes the exit code and the telling line of a server that exits at once', async () => {
    const error = await refusal(fixture('exits-at-once'));
    expect(error.code).toBe('upstream.unavailable');
    expect(error.message).toBe(
      'Server "exits-at-once" ended at once (exit code 3); its last words: Error: FIXTURE_API_KEY is required.',
    );
    expect(error.data).toMatchObject({ server: 'exits-at-once', sent: false, exitCode: 3 });
  });

  it('names the time that a silent server had', async () => {
    const error = await refusal(fixture('silent', [], { startTimeoutMs: 1_500 }));
    expect(error.code).toBe('upstream.timeout');
    expect(error.message).toBe(
      'Server "silent" did not answer within 1500 ms of its start; its last words: waiting for the database.',
    );
  });

  it('reports a server that only writes junk as one clear line', async () => {
    const error = await refusal(fixture('junk-only', [], { startTimeoutMs: 1_500 }));
    expect(error.code).toBe('upstream.protocol');
    expect(error.message).toMatch(
      /^Server "junk-only" wrote \d+ lines to stdout that are not JSON-RPC and no answer; the first: "\[info\] listening on port 3000"\.$/,
    );
  });

  it('connects to a server that prints a banner first', async () => {
    expect((await open(fixture('junk-banner'))).era).toBe('legacy');
  });

  it('ends a start that is cancelled', async () => {
    const abort = new AbortController();
    const waiting = refusal(fixture('silent'), abort.signal);
    abort.abort();
    expect((await waiting).code).toBe('request.cancelled');
  });

  it('speaks 2026-07-28 when asked for `auto`, and reads what the strict schemas would refuse', async () => {
    const connection = await open(fixture('modern', [], { era: 'auto' }));
    expect(connection.era).toBe('modern');
    expect(connection.instructions).toBe('modern');
    const list = await listTools(connection.client, { timeoutMs: 2_000 });
    expect(list.tools.map((tool) => [tool.name, tool.problem])).toEqual([
      ['odd', 'Tool "odd": its `inputSchema` is not an object.'],
      ['sum', undefined],
    ]);
  });

  it('falls back to `initialize` on a server that refuses the probe, and on one that exits on it', async () => {
    expect((await open(fixture('plain', [], { era: 'auto' }))).era).toBe('legacy');
    expect((await open(fixture('exits-on-probe', [], { era: 'auto' }))).era).toBe('legacy');
  });
});

describe('connect over HTTP', () => {
  const listening: Server[] = [];
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const server of listening.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    for (const child of children.splice(0)) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
  });
  let port = 0;
  beforeAll(async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    port = (probe.address() as AddressInfo).port;
    await new Promise((resolve) => probe.close(resolve));
  });

  async function everything(mode: 'streamableHttp' | 'sse'): Promise<void> {
    const spec = reference('everything', [mode]);
    const child = spawn(spec.command, [...spec.args], { env: { ...process.env, PORT: String(port) }, stdio: 'pipe' });
    children.push(child);
    await new Promise<void>((resolve) =>
      child.stderr.on('data', (data) => /listening|running/i.test(String(data)) && resolve()),
    );
  }

  async function answering(status: number, body = ''): Promise<string> {
    const server = createServer((_request, response) => response.writeHead(status).end(body));
    listening.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp?key=s3cret`;
  }

  it.each(['legacy', 'auto'] as const)('reaches a Streamable HTTP server (era %s)', async (era) => {
    await everything('streamableHttp');
    const connection = await open(remote('web', `http://127.0.0.1:${port}/mcp`, { era }));
    expect(connection.era).toBe('legacy');
    expect((await listTools(connection.client, { timeoutMs: 5_000 })).tools.length).toBeGreaterThan(5);
  });

  it('falls back to the older SSE transport', async () => {
    await everything('sse');
    const connection = await open(remote('old-web', `http://127.0.0.1:${port}/sse`));
    expect((await listTools(connection.client, { timeoutMs: 5_000 })).tools.length).toBeGreaterThan(5);
  });

  it('says that the credentials were refused, without the address behind the origin', async () => {
    const url = await answering(401);
    const error = await refusal(remote('web', url));
    expect(error.code).toBe('upstream.unavailable');
    expect(error.message).toBe(`Server "web" refused the credentials (HTTP 401 from ${new URL(url).origin}).`);
    expect(error.retryable).toBe(false);
    expect(error.message).not.toContain('s3cret');
  });

  it('names the HTTP status of a server that is down', async () => {
    const error = await refusal(remote('web', await answering(503, 'down')));
    expect(error.code).toBe('upstream.unavailable');
    expect(error.message).toContain('HTTP 503');
  });

  it('says that nobody listens', async () => {
    const error = await refusal(remote('web', `http://127.0.0.1:${port}/mcp`));
    expect(error.code).toBe('upstream.unavailable');
    expect(error.message).toBe(`Server "web" cannot be reached at http://127.0.0.1:${port} (ECONNREFUSED).`);
  });

  it('calls a web page that is not MCP by its name', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    });
    listening.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const error = await refusal(remote('web', `http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    expect(error.code).toBe('upstream.protocol');
  });
});
