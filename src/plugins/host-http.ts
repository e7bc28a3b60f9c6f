/**
 * `host-http` on the main thread: one request for a plugin, to a host that the config names and to no other. The plugin
 * never learns the headers that the config adds for that host.
 *
 * Decision to know: redirects are answered, not followed, because the place they lead to has not been allowed by anyone.
 * What is allowed is a name; which address it has is the word of the name service.
 */
import type { HttpAnswer, HttpFailure, HttpRequest } from './messages.ts';
import {
  HTTP_HEADER_CHARS_MAX,
  HTTP_REQUEST_BYTES_MAX,
  HTTP_RESPONSE_BYTES_MAX,
  HTTP_TIMEOUT_MS,
  type PluginHost,
} from './plugin-spec.ts';

export interface HostHttpDeps {
  readonly hosts: readonly PluginHost[];
  readonly fetch: typeof globalThis.fetch;
  /** `HTTP_TIMEOUT_MS` by default. */
  readonly timeoutMs?: number;
  /** Takes secrets of the config out of what a host sends back. */
  redact(text: string): string;
}

/** They belong to the connection and not to the request; with them two servers can be made to read one request as two. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const METHODS: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']);

/** Never rejects. `signal` ends the request when its call is given up. */
export async function fetchForPlugin(
  deps: HostHttpDeps,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const checked = check(deps.hosts, request);
  if (typeof checked === 'string') return { ok: false, failure: checked };
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(deps.timeoutMs ?? HTTP_TIMEOUT_MS)]);
  try {
    const response = await deps.fetch(checked.url, {
      method: checked.method,
      headers: checked.headers,
      redirect: 'manual',
      signal: deadline,
      ...(request.body === undefined ? {} : { body: new Uint8Array(request.body) }),
    });
    const body = await readBody(response);
    if (body === undefined) return { ok: false, failure: 'too-large' };
    return {
      ok: true,
      response: {
        status: response.status,
        headers: [...response.headers].map(([name, value]) => [name, deps.redact(value)] as const),
        body: redactedBody(body, deps.redact),
      },
    };
  } catch {
    return { ok: false, failure: deadline.aborted ? 'timeout' : 'unreachable' };
  }
}

interface Checked {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
}

function check(hosts: readonly PluginHost[], request: HttpRequest): Checked | HttpFailure {
  const url = URL.parse(request.url);
  if (url === null || url.username !== '' || url.password !== '') return 'invalid';
  const host = hosts.find(({ origin }) => origin === url.origin);
  if (host === undefined) return 'denied';
  const method = request.method.toUpperCase();
  if (!METHODS.has(method)) return 'invalid';
  if (request.body !== undefined && (method === 'GET' || method === 'HEAD')) return 'invalid';
  if ((request.body?.byteLength ?? 0) > HTTP_REQUEST_BYTES_MAX) return 'too-large';
  const chars = request.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (chars > HTTP_HEADER_CHARS_MAX) return 'too-large';
  const headers = new Headers();
  try {
    for (const [name, value] of request.headers) {
      if (CONNECTION_HEADERS.has(name.toLowerCase())) return 'invalid';
      headers.append(name, value);
    }
  } catch {
    return 'invalid';
  }
  // Last, so that a plugin cannot put its own in their place.
  for (const [name, value] of Object.entries(host.headers)) headers.set(name, value);
  return { url, method, headers };
}

/** Undefined when it is larger than the limit, which is seen while it is read. */
async function readBody(response: Response): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (bytes > HTTP_RESPONSE_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A body that is text loses the secrets of the config, in case a host sends back what it was sent. */
function redactedBody(body: Uint8Array, redact: (text: string) => string): Uint8Array {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return body;
  }
  const redacted = redact(text);
  return redacted === text ? body : new TextEncoder().encode(redacted);
}
