/**
 * The way to a remote server: the SDK's Streamable HTTP transport (or the older SSE one), with a `fetch` of ours around
 * the bodies. The SDK reads a body without a bound, and when the stream of an answer breaks it leaves the caller to its
 * timeout; here an answer over `lineBytes` and a stream that ends without one fail the call at once.
 *
 * Decision to know: credentials live in `headers`. Redirects to another origin are refused by the SDK's default policy,
 * so that they are never sent anywhere but to the configured origin.
 */
import type { Transport } from '@modelcontextprotocol/client';
import type { HttpServerSpec } from './server-spec.ts';
import { LocalFailure, WireTap } from './wire-tap.ts';

type Sdk = typeof import('@modelcontextprotocol/client');
type Fetch = typeof globalThis.fetch;

export interface HttpTransportOptions {
  readonly sdk: Sdk;
  readonly spec: HttpServerSpec;
  /** A JSON body, or one line of an event stream, may not be longer. */
  readonly lineBytes: number;
  readonly kind: 'streamable' | 'sse';
  readonly fetch: Fetch;
}

/** How long the SDK may take to hand on the last event of a stream that has ended. */
const SETTLE_MS = 250;

/** A transport that has not been started yet; the SDK client starts it. */
export function openHttpTransport(options: HttpTransportOptions): Transport {
  const { sdk, spec, kind } = options;
  const guard: { tap?: WireTap } = {};
  const init = {
    requestInit: { headers: { ...spec.headers } },
    fetch: (url: string | URL, request?: RequestInit) => boundedFetch(options, guard, url, request),
  };
  const url = new URL(spec.url);
  const transport: Transport =
    kind === 'sse' ? new sdk.SSEClientTransport(url, init) : new sdk.StreamableHTTPClientTransport(url, init);
  guard.tap = new WireTap(transport);
  return transport;
}

async function boundedFetch(
  options: HttpTransportOptions,
  guard: { tap?: WireTap },
  url: string | URL,
  request: RequestInit | undefined,
): Promise<Response> {
  const response = await options.fetch(url, request);
  if (response.body === null) return response;
  const isStream = (response.headers.get('content-type') ?? '').includes('text/event-stream');
  // On the older transport the answer comes over another stream, so the end of this body says nothing.
  const id = options.kind === 'streamable' ? requestId(request) : undefined;
  const meter = new BodyMeter(options.lineBytes, isStream);
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        if (!meter.take(chunk)) {
          if (id !== undefined) guard.tap?.fail(id, new LocalFailure('lineTooLong', meter.bytes));
          controller.error(new Error(`The answer is longer than ${options.lineBytes} bytes (lineBytes).`));
          return;
        }
        controller.enqueue(chunk);
      },
      flush() {
        // A stream with event ids can be resumed, which the SDK does by itself.
        if (!isStream || id === undefined || meter.resumable) return;
        setTimeout(() => guard.tap?.fail(id, new LocalFailure('streamEnded', meter.bytes)), SETTLE_MS);
      },
    }),
  );
  return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
}

/** The id of the JSON-RPC request that this HTTP request carries. */
function requestId(request: RequestInit | undefined): number | string | undefined {
  if (request?.method !== 'POST' || typeof request.body !== 'string') return undefined;
  try {
    const message = JSON.parse(request.body) as { id?: unknown; method?: unknown };
    const { id } = message;
    return typeof message.method === 'string' && (typeof id === 'number' || typeof id === 'string') ? id : undefined;
  } catch {
    return undefined;
  }
}

const NEWLINE = 0x0a;
const EVENT_ID = [0x69, 0x64, 0x3a];

/** Counts a body: all of it, or the present line when it is an event stream. */
class BodyMeter {
  readonly #max: number;
  readonly #perLine: boolean;
  #bytes = 0;
  /** True once an event with an id has been seen. */
  resumable = false;

  constructor(max: number, perLine: boolean) {
    this.#max = max;
    this.#perLine = perLine;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False when the bound is passed. */
  take(chunk: Uint8Array): boolean {
    if (!this.#perLine) {
      this.#bytes += chunk.length;
      return this.#bytes <= this.#max;
    }
    let start = 0;
    for (;;) {
      const atLineStart = start > 0 || this.#bytes === 0;
      if (atLineStart && EVENT_ID.every((byte, index) => chunk[start + index] === byte)) this.resumable = true;
      const end = chunk.indexOf(NEWLINE, start);
      this.#bytes += (end === -1 ? chunk.length : end) - start;
      if (this.#bytes > this.#max) return false;
      if (end === -1) return true;
      this.#bytes = 0;
      start = end + 1;
    }
  }
}
