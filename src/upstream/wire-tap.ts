/**
 * Sits between a transport and the SDK client and does three things the SDK cannot be told to do: it takes the body of an
 * answer (`tools/call`, `resources/read`, …) past the SDK's strict schemas (one malformed tool or content block would refuse the
 * whole answer), it knows which requests are waiting, and it can fail one of them with a reason of ours.
 *
 * Decision to know: the body travels under a symbol, which no server can send, and our own readers check it.
 */
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { isJsonObject } from '../core/json.ts';

/** Where the untouched result of a tapped answer is found. */
const RAW = Symbol('raw result');

/** Why a waiting request was ended by us and not by its server. Carried as `data` of the error, by identity. */
export class LocalFailure {
  readonly reason: 'lineTooLong' | 'streamEnded';
  /** Bytes of the answer, as far as they were read. */
  readonly bytes: number;

  constructor(reason: 'lineTooLong' | 'streamEnded', bytes: number) {
    this.reason = reason;
    this.bytes = bytes;
  }
}

/** What each tapped method must look like to pass the strict schemas of every revision. */
const HOLLOW: Readonly<Record<string, object>> = {
  'tools/list': { tools: [], ttlMs: 0, cacheScope: 'private' },
  'tools/call': { content: [] },
  'resources/list': { resources: [], ttlMs: 0, cacheScope: 'private' },
  'resources/templates/list': { resourceTemplates: [], ttlMs: 0, cacheScope: 'private' },
  'resources/read': { contents: [], ttlMs: 0, cacheScope: 'private' },
  'prompts/list': { prompts: [], ttlMs: 0, cacheScope: 'private' },
  'prompts/get': { messages: [] },
  'completion/complete': { completion: { values: [] } },
};

/** The result as the server sent it; `value` itself when it did not pass the tap. */
export function rawResult(value: unknown): unknown {
  return typeof value === 'object' && value !== null && RAW in value ? value[RAW] : value;
}

/** More than can be in flight; what is over it has timed out long ago. */
const WAITING_MAX = 10_000;

export class WireTap {
  readonly #transport: Transport;
  /** Requests without an answer yet: id to method. The oldest go when a server leaves too many without one. */
  readonly #waiting = new Map<number | string, string>();

  /** Must be made before the SDK client connects, which chains the `onmessage` that it finds. */
  constructor(transport: Transport) {
    this.#transport = transport;
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
      this.#note(message);
      return send(message, options);
    };
    const previous = transport.onmessage;
    transport.onmessage = (message, extra) => {
      this.#open(message);
      previous?.(message, extra);
    };
  }

  isWaiting(id: number | string): boolean {
    return this.#waiting.has(id);
  }

  /** Ends a waiting request. False when it has been answered already. */
  fail(id: number | string, failure: LocalFailure): boolean {
    if (!this.#waiting.has(id)) return false;
    // The SDK keeps `data` by reference, so the failure is known by its class and cannot be forged by a server.
    const message = { jsonrpc: '2.0' as const, id, error: { code: -32000, message: failure.reason, data: failure } };
    this.#transport.onmessage?.(message);
    return true;
  }

  #note(message: JSONRPCMessage): void {
    if ('method' in message && 'id' in message && message.id !== undefined) {
      this.#waiting.set(message.id, message.method);
      const oldest = this.#waiting.size > WAITING_MAX ? this.#waiting.keys().next() : undefined;
      if (oldest?.value !== undefined) this.#waiting.delete(oldest.value);
    } else if ('method' in message && message.method === 'notifications/cancelled') {
      const id = message.params?.requestId;
      if (typeof id === 'number' || typeof id === 'string') this.#waiting.delete(id);
    }
  }

  #open(message: JSONRPCMessage): void {
    if (!('id' in message) || message.id === undefined || 'method' in message) return;
    const method = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    const hollow = method === undefined ? undefined : HOLLOW[method];
    if (hollow === undefined || !('result' in message)) return;
    const result: unknown = message.result;
    if (isJsonObject(result) && result.resultType === 'input_required') return;
    message.result = { resultType: 'complete', ...hollow, [RAW]: result } as typeof message.result;
  }
}
