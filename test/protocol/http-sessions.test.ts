/** When a session over HTTP ends by itself: never while a request of it, or a stream, is open. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Sdk } from '../../src/protocol/connection.ts';
import { HttpSessions } from '../../src/protocol/http-sessions.ts';

const HOUR_MS = 60 * 60_000;

interface TransportOptions {
  sessionIdGenerator(): string;
  onsessioninitialized(id: string): void;
}

/** A transport that begins a session with its first request and answers everything. */
class FakeTransport {
  sessionId: string | undefined;
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  async handleRequest(): Promise<Response> {
    this.sessionId = this.#options.sessionIdGenerator();
    this.#options.onsessioninitialized(this.sessionId);
    return new Response('answered');
  }
}

async function oneSession(): Promise<{ sessions: HttpSessions; id: string }> {
  const sdk = { WebStandardStreamableHTTPServerTransport: FakeTransport } as unknown as Sdk;
  const sessions = new HttpSessions(sdk, 1_000);
  let transport: FakeTransport | undefined;
  const server = {
    connect: async (given: FakeTransport) => {
      transport = given;
    },
    close: async () => {},
  };
  await sessions.begin(new Request('http://localhost/mcp'), {}, async () => server as never);
  return { sessions, id: transport?.sessionId as string };
}

describe('a session', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('ends after an hour without a request', async () => {
    const { sessions, id } = await oneSession();
    await vi.advanceTimersByTimeAsync(HOUR_MS - 1);
    expect(sessions.has(id)).toBe(true);
    sessions.hold(id)();
    await vi.advanceTimersByTimeAsync(HOUR_MS - 1);
    expect(sessions.has(id)).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(sessions.has(id)).toBe(false);
  });

  it('does not end while a request or a stream of it is open', async () => {
    const { sessions, id } = await oneSession();
    const [endStream, endCall] = [sessions.hold(id), sessions.hold(id)];
    await vi.advanceTimersByTimeAsync(5 * HOUR_MS);
    endCall();
    await vi.advanceTimersByTimeAsync(5 * HOUR_MS);
    expect(sessions.has(id)).toBe(true);
    endStream();
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(sessions.has(id)).toBe(false);
  });
});
