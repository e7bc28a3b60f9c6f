/** `host-http` against a real server: what is allowed, what is refused, and every limit. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchForPlugin } from '../../src/plugins/host-http.ts';
import type { HttpRequest } from '../../src/plugins/messages.ts';
import {
  HTTP_HEADER_CHARS_MAX,
  HTTP_REQUEST_BYTES_MAX,
  HTTP_RESPONSE_BYTES_MAX,
  type PluginHost,
} from '../../src/plugins/plugin-spec.ts';

let server: Server;
let origin: string;
const seen: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.url ?? '');
    if (request.url === '/redirect') response.writeHead(302, { location: 'http://127.0.0.2:9/inside' }).end();
    else if (request.url === '/large') response.end(Buffer.alloc(HTTP_RESPONSE_BYTES_MAX + 1));
    else if (request.url === '/bomb') {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync(Buffer.alloc(HTTP_RESPONSE_BYTES_MAX * 4)));
    } else if (request.url === '/binary') response.end(Buffer.from([0xff, 0xfe, 0x00, 0x01]));
    else if (request.url === '/broken') request.socket.destroy();
    else if (request.url === '/never') response.writeHead(200);
    else {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        response.setHeader('x-back', String(request.headers['authorization'] ?? ''));
        const { method, headers } = request;
        response.end(JSON.stringify({ method, headers, body: Buffer.concat(chunks).toString() }));
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const ask = (
  request: Partial<HttpRequest>,
  options: { hosts?: readonly PluginHost[]; signal?: AbortSignal; redact?: (text: string) => string } = {},
) =>
  fetchForPlugin(
    {
      hosts: options.hosts ?? [{ origin, headers: {} }],
      fetch: globalThis.fetch,
      redact: options.redact ?? ((text) => text),
    },
    { method: 'GET', url: `${origin}/`, headers: [], body: undefined, ...request },
    options.signal ?? new AbortController().signal,
  );

async function bodyOf(answer: ReturnType<typeof ask>) {
  const settled = await answer;
  if (!settled.ok) throw new Error(settled.failure);
  return JSON.parse(new TextDecoder().decode(settled.response.body));
}

describe('host-http', () => {
  it('sends method, headers and body, and answers status, headers and body', async () => {
    const body = new TextEncoder().encode('{"a":1}');
    const sent = await bodyOf(ask({ method: 'post', headers: [['X-Mine', 'yes']], body }));
    expect(sent).toMatchObject({ method: 'POST', body: '{"a":1}', headers: { 'x-mine': 'yes' } });
    const answer = await ask({});
    expect(answer).toMatchObject({ ok: true, response: { status: 200 } });
  });

  it('adds the headers of the config over those of the plugin, and hides them when they come back', async () => {
    const hosts = [{ origin, headers: { authorization: 'Bearer secret-1' } }];
    const answer = await ask(
      { headers: [['Authorization', 'Bearer of the plugin']] },
      { hosts, redact: (text) => text.replaceAll('secret-1', '[redacted]') },
    );
    if (!answer.ok) throw new Error(answer.failure);
    expect(JSON.parse(new TextDecoder().decode(answer.response.body)).headers.authorization).toBe('Bearer [redacted]');
    expect(answer.response.headers).toContainEqual(['x-back', 'Bearer [redacted]']);
  });

  it('answers a redirect and does not follow it', async () => {
    const answer = await ask({ url: `${origin}/redirect` });
    expect(answer).toMatchObject({ ok: true, response: { status: 302 } });
    expect(answer.ok && answer.response.headers).toContainEqual(['location', 'http://127.0.0.2:9/inside']);
  });

  it('leaves bytes that are no text as they are', async () => {
    const answer = await ask({ url: `${origin}/binary` }, { redact: () => 'changed' });
    expect(answer.ok && [...answer.response.body]).toEqual([0xff, 0xfe, 0x00, 0x01]);
  });

  it('goes nowhere unless the config names the host', async () => {
    const before = seen.length;
    expect(await ask({}, { hosts: [] })).toEqual({ ok: false, failure: 'denied' });
    const near = new URL(origin);
    near.hostname = 'localhost';
    expect(await ask({ url: near.href })).toEqual({ ok: false, failure: 'denied' });
    expect(await ask({ url: origin.replace('http:', 'https:') })).toEqual({ ok: false, failure: 'denied' });
    expect(await ask({ url: `${origin}.evil.example/` })).toMatchObject({ ok: false });
    expect(seen.length).toBe(before);
  });

  it.each<[string, () => Partial<HttpRequest>]>([
    ['an address with a password', () => ({ url: origin.replace('//', '//a:b@') })],
    ['a relative address', () => ({ url: '/a' })],
    ['a method that opens tunnels', () => ({ method: 'CONNECT' })],
    ['a body on GET', () => ({ body: new Uint8Array(1) })],
    ['a header of the connection', () => ({ headers: [['Host', 'inside']] })],
    ['a length of its own', () => ({ headers: [['content-length', '0']] })],
    ['a line break in a header', () => ({ headers: [['x', 'a\r\nHost: b']] })],
    ['a name that is none', () => ({ headers: [['a b', 'c']] })],
  ])('refuses %s', async (_what, request) => {
    expect(await ask(request())).toEqual({ ok: false, failure: 'invalid' });
  });

  it.each<[string, () => Partial<HttpRequest>]>([
    ['a request over the limit', () => ({ method: 'POST', body: new Uint8Array(HTTP_REQUEST_BYTES_MAX + 1) })],
    ['headers over the limit', () => ({ headers: [['x', 'y'.repeat(HTTP_HEADER_CHARS_MAX)]] })],
    ['an answer over the limit', () => ({ url: `${origin}/large` })],
    ['a small answer that unpacks to a large one', () => ({ url: `${origin}/bomb` })],
  ])('ends at %s', async (_what, request) => {
    expect(await ask(request())).toEqual({ ok: false, failure: 'too-large' });
  });

  it('says when a host breaks off or is not there', async () => {
    expect(await ask({ url: `${origin}/broken` })).toEqual({ ok: false, failure: 'unreachable' });
    const gone = 'http://127.0.0.1:1';
    expect(await ask({ url: `${gone}/` }, { hosts: [{ origin: gone, headers: {} }] })).toEqual({
      ok: false,
      failure: 'unreachable',
    });
  });

  it('ends when the host does not answer in time', async () => {
    const deps = {
      hosts: [{ origin, headers: {} }],
      fetch: globalThis.fetch,
      redact: (text: string) => text,
      timeoutMs: 50,
    };
    const request = { method: 'GET', url: `${origin}/never`, headers: [], body: undefined };
    expect(await fetchForPlugin(deps, request, new AbortController().signal)).toEqual({
      ok: false,
      failure: 'timeout',
    });
  });

  it('ends when the call is given up', async () => {
    const abort = new AbortController();
    const answer = ask({ url: `${origin}/never` }, { signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    expect(await answer).toEqual({ ok: false, failure: 'timeout' });
  });
});
