/**
 * One pipe for agents and embedders: newline-delimited JSON-RPC 2.0, `optimizer/*` to our methods, the rest to MCP. The
 * first and the last step of every request.
 *
 *   serving ──end of input, stop, optimizer/shutdown──▶ draining ──all answered or grace over──▶ closed
 *      └──────────────── stdout gone (EPIPE) ────────────────────────────────────────────────────▶ ┘
 *
 * Decision: no input ends the process. A line that cannot be read is answered and the next one is read; every request gets
 * exactly one answer, also at the end, except an MCP request that its client cancelled.
 */
import type { Readable, Writable } from 'node:stream';
import { OptimizerError } from '../core/errors.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { toErrorBody } from './error-response.ts';
import { InFlight } from './in-flight.ts';
import { type RpcAnswer, type RpcId, type RpcNotification, type RpcRequest, readMessage } from './json-rpc.ts';
import { LineSplitter } from './line-splitter.ts';
import { LineWriter } from './line-writer.ts';
import { checkMcpParams } from './mcp-params.ts';
import { type McpDependencies, McpServerDoor } from './mcp-server.ts';
import { Methods } from './methods.ts';

export interface PipeDependencies extends McpDependencies {
  /** Borrowed: read from, paused at the end, never destroyed. */
  readonly input: Readable;
  /** Borrowed: written to, never ended. */
  readonly output: Writable;
}

export interface PipeOptions {
  /** A longer line is skipped and answered with -32600 (limit `lineBytes`). */
  readonly lineBytes: number;
  /** How long requests may still run once no more are taken (limit `shutdownGraceMs`). */
  readonly shutdownGraceMs: number;
  /** Requests read and not yet answered; one more is refused with `limit.queue`. */
  readonly requestsInFlight: number;
  /** Aborted by `app` on SIGTERM. */
  readonly stop?: AbortSignal;
}

/** How long aborted requests may take to say what they did, before the pipe answers for them. */
const ABORT_GRACE_MS = 1_500;
/** How long a reader that is slow but still there is waited for at the end. */
const FLUSH_MS = 5_000;
const RETRY_AFTER_MS = 100;

/** Serves until the input ends, `stop` fires, `optimizer/shutdown` comes or the output goes away. Never rejects for input. */
export async function servePipe(dependencies: PipeDependencies, options: PipeOptions): Promise<void> {
  await new StdioPipe(dependencies, options).serve();
}

class StdioPipe {
  readonly #dependencies: PipeDependencies;
  readonly #options: PipeOptions;
  readonly #inFlight = new InFlight();
  readonly #writer: LineWriter;
  readonly #methods: Methods;
  readonly #mcp: McpServerDoor;
  readonly #splitter: LineSplitter;
  readonly #ended: Promise<void>;
  #end: () => void = () => {};
  #isEnding = false;
  #draining = false;

  constructor(dependencies: PipeDependencies, options: PipeOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
    this.#ended = new Promise((resolve) => {
      this.#end = () => {
        this.#isEnding = true;
        resolve();
      };
    });
    this.#writer = new LineWriter(dependencies.output, () => this.#outputGone());
    this.#methods = new Methods(dependencies.engine, () => this.#end());
    this.#mcp = new McpServerDoor(dependencies, (message) => this.#sendMcp(message));
    this.#splitter = new LineSplitter(
      { line: (line) => this.#take(line), tooLong: () => this.#refuseLongLine() },
      options.lineBytes,
    );
  }

  async serve(): Promise<void> {
    const stopReading = this.#read();
    try {
      await this.#ended;
      await this.#drain();
    } finally {
      stopReading();
    }
  }

  #read(): () => void {
    const { input, output } = this.#dependencies;
    const { stop } = this.#options;
    const onData = (chunk: Buffer | string): void => {
      this.#splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      if (!this.#writer.congested) return;
      input.pause();
      output.once('drain', () => input.resume());
    };
    const onEnd = (): void => {
      this.#splitter.end();
      this.#end();
    };
    // A client ends our input first and sends SIGTERM when that took too long; what comes next is SIGKILL.
    const onStop = (): void => {
      if (this.#isEnding) this.#abortAll();
      else this.#end();
    };
    input.on('data', onData);
    for (const event of ['end', 'close', 'error']) input.on(event, onEnd);
    if (stop?.aborted) this.#end();
    stop?.addEventListener('abort', onStop, { once: true });
    return () => {
      input.off('data', onData);
      for (const event of ['end', 'close']) input.off(event, onEnd);
      stop?.removeEventListener('abort', onStop);
      input.pause();
    };
  }

  /** New requests are refused meanwhile, but cancellations are still heard. */
  async #drain(): Promise<void> {
    this.#draining = true;
    if (!this.#writer.broken) await this.#inFlight.answered(this.#options.shutdownGraceMs);
    this.#abortAll();
    if (!this.#writer.broken) await this.#inFlight.answered(ABORT_GRACE_MS);
    for (const { id } of this.#inFlight.awaited()) {
      this.#refuse(id, new OptimizerError('request.shutdown', 'The process ended before the request did.'));
    }
    await this.#mcp.close();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FLUSH_MS);
    });
    await Promise.race([this.#writer.written(), patience]);
    clearTimeout(timer);
  }

  #outputGone(): void {
    this.#dependencies.log.info({}, 'stdout was closed by its reader');
    this.#abortAll();
    for (const { id } of this.#inFlight.awaited()) this.#inFlight.settle(id);
    this.#end();
  }

  #abortAll(): void {
    for (const request of this.#inFlight.awaited()) if (request.owner === 'optimizer') request.controller.abort();
    this.#mcp.stop();
  }

  #take(line: Buffer): void {
    const inbound = readMessage(line);
    switch (inbound.kind) {
      case 'request':
        this.#takeRequest(inbound.request);
        break;
      case 'notification':
        this.#takeNotification(inbound.notification);
        break;
      case 'response':
        this.#mcp.receive(inbound.response);
        break;
      case 'invalid': {
        const taken = inbound.id !== null && this.#inFlight.get(inbound.id) !== undefined;
        this.#answerError(taken ? null : inbound.id, inbound.error, 'unread');
      }
    }
  }

  #refuseLongLine(): void {
    const { lineBytes } = this.#options;
    const message = `A line is longer than ${lineBytes} bytes (lineBytes); it was skipped.`;
    this.#answerError(null, new OptimizerError('request.line', message, { data: { lineBytes } }), 'unread');
  }

  #takeRequest(request: RpcRequest): void {
    const { id, method } = request;
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      // With the id in the answer its sender would take the refusal for the answer to the first request.
      this.#answerError(this.#inFlight.get(id) === undefined ? id : null, refusal, method);
    } else if (method.startsWith('optimizer/')) {
      void this.#runMethod(request);
    } else {
      this.#inFlight.add({ owner: 'mcp', id, standing: method === 'subscriptions/listen' });
      try {
        this.#mcp.receive(request);
      } catch (error) {
        this.#refuse(id, error, method);
      }
    }
  }

  /** Why a request is not started, or undefined when it is. */
  #refusal({ id, method, params }: RpcRequest): unknown {
    if (this.#inFlight.get(id) !== undefined) return duplicate(id);
    if (this.#draining) {
      return new OptimizerError('request.shutdown', 'The process is shutting down; the request was not started.');
    }
    const { requestsInFlight } = this.#options;
    if (this.#inFlight.size >= requestsInFlight) {
      const message = `${requestsInFlight} requests are in flight; this one was not started.`;
      return new OptimizerError('limit.queue', message, { data: { retryAfterMs: RETRY_AFTER_MS } });
    }
    return checkMcpParams(method, params);
  }

  async #runMethod(request: RpcRequest): Promise<void> {
    const { id, method } = request;
    const controller = new AbortController();
    this.#inFlight.add({ owner: 'optimizer', id, controller });
    this.#dependencies.onClient({});
    const notify = (notification: RpcNotification): void => {
      if (!this.#writer.dropsEvents) this.#writer.write(notification);
    };
    try {
      const result = await this.#methods.call(request, { signal: controller.signal, notify });
      if (this.#inFlight.settle(id)) this.#answer(id, result, method);
    } catch (error) {
      this.#refuse(id, error, method);
    }
  }

  #takeNotification(notification: RpcNotification): void {
    const id = cancelledId(notification);
    const request = id === undefined ? undefined : this.#inFlight.get(id);
    if (request?.owner === 'optimizer') {
      request.controller.abort();
      return;
    }
    if (request?.owner === 'mcp') this.#inFlight.settle(request.id);
    if (notification.method.startsWith('optimizer/')) {
      this.#dependencies.log.warn({ method: notification.method }, 'a request without an id was ignored');
    } else {
      this.#mcp.receive(notification);
    }
  }

  #sendMcp(message: object): void {
    const { id } = message as { id?: RpcId };
    if (id !== undefined && !('method' in message)) {
      if (this.#inFlight.settle(id)) this.#writer.write(message);
      return;
    }
    const droppable = (message as { method?: string }).method === 'notifications/progress';
    if (!(droppable && this.#writer.dropsEvents)) this.#writer.write(message);
  }

  #answer(id: RpcId, result: Json, method: string): void {
    try {
      this.#writer.write({ jsonrpc: '2.0', id, result: result ?? null } satisfies RpcAnswer);
    } catch (error) {
      // A result that JSON cannot hold is a fault of ours; the request is answered all the same.
      this.#answerError(id, error, method);
    }
  }

  #refuse(id: RpcId, error: unknown, method = 'unfinished'): void {
    if (this.#inFlight.settle(id)) this.#answerError(id, error, method);
  }

  #answerError(id: RpcId | null, error: unknown, method: string): void {
    const body = toErrorBody(error, method, this.#dependencies.log);
    this.#writer.write({ jsonrpc: '2.0', id, error: body } satisfies RpcAnswer);
  }
}

function cancelledId({ method, params }: RpcNotification): RpcId | undefined {
  if (method !== 'notifications/cancelled' || !isJsonObject(params)) return undefined;
  const id = params.requestId;
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

function duplicate(id: RpcId): OptimizerError {
  return new OptimizerError('request.invalid', `The id ${JSON.stringify(id)} is already in flight.`, {
    hint: 'Give each request an id of its own.',
    data: { id },
  });
}
