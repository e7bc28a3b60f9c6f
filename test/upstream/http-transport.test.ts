import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { UpstreamFleet } from '../../src/upstream/fleet.ts';
import { MapStore, remote } from './fixture-servers.ts';

interface Rpc {
  readonly id?: number;
  readonly method: string;
  readonly params?: { readonly name?: string };
}

const servers: Server[] = [];
const fleets: UpstreamFleet[] = [];
afterEach(async () => {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.close(200)));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A remote server of revision 2025-11-25 with sessions, whose answers to `tools/call` the test writes itself. */
async function serveHttp(onCall: (request: Rpc, response: ServerResponse) => void) {
  const seen: Array<{ method: string; session: string | undefined; authorization: string | undefined }> = [];
  const sessions = new Set<string>();
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const message = JSON.parse(await body(request)) as Rpc;
    const session = request.headers['mcp-session-id'] as string | undefined;
    seen.push({ method: message.method, session, authorization: request.headers.authorization });
    if (message.method === 'initialize') {
      const id = `s${sessions.size + 1}`;
      sessions.add(id);
      response.setHeader('mcp-session-id', id);
      const capabilities = { tools: {} };
      const serverInfo = { name: 'remote', version: '1' };
      return answer(response, message, { protocolVersion: '2025-11-25', capabilities, serverInfo });
    }
    if (session === undefined || !sessions.has(session)) return void response.writeHead(404).end();
    if (message.id === undefined) return void response.writeHead(202).end();
    if (message.method === 'tools/list') {
      return answer(response, message, { tools: [{ name: 't', inputSchema: { type: 'object' } }] });
    }
    onCall(message, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  return { url, seen, sessions, server };
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function answer(response: ServerResponse, request: Rpc, result: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ jsonrpc: '2.0', id: request.id, result }));
}

function fleetFor(url: string): UpstreamFleet {
  const fleet = new UpstreamFleet([remote('web', url, { era: 'legacy', headers: { Authorization: 'Bearer k' } })], {
    clock: systemClock,
    log: silentLog,
    store: new MapStore(),
    environment: {},
    limits: { lineBytes: 10_000, toolResultBytes: 8_000 },
    random: () => 0,
    clientInfo: { name: 'test', version: '0.0.0' },
  });
  fleets.push(fleet);
  return fleet;
}

async function refusal(work: Promise<unknown>): Promise<OptimizerError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(OptimizerError);
  return error as OptimizerError;
}

describe('a remote server', () => {
  it('is called with the configured headers', async () => {
    const { url, seen } = await serveHttp((request, response) => answer(response, request, { content: [], n: 1 }));
    expect(await fleetFor(url).call('web', 't', {})).toEqual({ content: [], n: 1 });
    expect(new Set(seen.map((request) => request.authorization))).toEqual(new Set(['Bearer k']));
  });

  it('is asked for a new session, once, when it has forgotten ours', async () => {
    const { url, sessions, seen } = await serveHttp((request, response) => answer(response, request, { content: [] }));
    const fleet = fleetFor(url);
    await fleet.call('web', 't', {});
    sessions.clear();
    sessions.add('taken');
    await fleet.call('web', 't', {});
    expect(seen.filter((request) => request.method === 'initialize')).toHaveLength(2);
    expect(seen.filter((request) => request.method === 'tools/call')).toHaveLength(3);
    expect(fleet.servers()[0]?.state).toBe('ready');
  });

  it.each(['application/json', 'text/event-stream'])(
    'may not answer with a body of %s over `lineBytes`',
    async (type) => {
      const { url } = await serveHttp((request, response) => {
        response.setHeader('content-type', type);
        const result = { content: [{ type: 'text', text: 'x'.repeat(20_000) }] };
        const text = JSON.stringify({ jsonrpc: '2.0', id: request.id, result });
        response.end(type === 'application/json' ? text : `data: ${text}\n\n`);
      });
      const error = await refusal(fleetFor(url).call('web', 't', {}));
      expect(error.code).toBe('limit.toolResult');
      expect(error.message).toContain('one message may have 10000 (lineBytes)');
    },
  );

  it('may stream more than `lineBytes` in all', async () => {
    const { url } = await serveHttp((request, response) => {
      response.setHeader('content-type', 'text/event-stream');
      const note = {
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'info', data: 'x'.repeat(5_000) },
      };
      for (let count = 0; count < 10; count += 1) response.write(`data: ${JSON.stringify(note)}\n\n`);
      response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id: request.id, result: { content: [] } })}\n\n`);
    });
    expect(await fleetFor(url).call('web', 't', {})).toEqual({ content: [] });
  });

  it('that ends a stream without an answer fails the call at once, as sent', async () => {
    const { url } = await serveHttp((_request, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.end(': nothing\n\n');
    });
    const error = await refusal(fleetFor(url).call('web', 't', {}, { timeoutMs: 600_000 }));
    expect(error.code).toBe('upstream.unavailable');
    expect(error.message).toBe('Server "web" ended the answer to tool "t" half-way.');
    expect([error.data?.sent, error.retryable]).toEqual([true, false]);
  });

  it('that breaks the connection in a call leaves the effect unknown', async () => {
    const { url } = await serveHttp((_request, response) => void response.socket?.destroy());
    const fleet = fleetFor(url);
    const error = await refusal(fleet.call('web', 't', {}));
    expect(error.code).toBe('upstream.unavailable');
    expect(error.message).toBe('Server "web" went away while tool "t" was running.');
    expect([error.data?.sent, error.retryable]).toEqual([true, false]);
    expect(fleet.servers()[0]?.state).toBe('backoff');
  });

  it('that answers a call with 401 is reported as a matter of credentials', async () => {
    const { url } = await serveHttp((_request, response) => void response.writeHead(401).end());
    const error = await refusal(fleetFor(url).call('web', 't', {}));
    expect(error.code).toBe('upstream.unavailable');
    expect(error.message).toBe('Server "web" refused the credentials (HTTP 401).');
  });

  it('that answers a call with 500 stays connected', async () => {
    const { url } = await serveHttp((_request, response) => void response.writeHead(500).end('oops'));
    const fleet = fleetFor(url);
    const error = await refusal(fleet.call('web', 't', {}));
    expect(error.message).toBe('Server "web" answered HTTP 500 while tool "t" was running.');
    expect(fleet.servers()[0]?.state).toBe('ready');
  });

  it('never gets our headers over a redirect to another origin', async () => {
    const thief = await serveHttp(() => {});
    const server = createServer((_request, response) => response.writeHead(307, { location: thief.url }).end());
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const fleet = fleetFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
    expect((await refusal(fleet.call('web', 't', {}))).kind).toBe('upstream');
    expect(thief.seen).toEqual([]);
  });
});
