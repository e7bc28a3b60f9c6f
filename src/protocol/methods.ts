/**
 * The table of `optimizer/*` methods: parameters checked, the engine asked, its answer given back as it is. Stands between
 * the pipe and the engine; needs no handshake. Throws `OptimizerError`; translation is `error-response`'s business.
 * Decision: a cancelled request is answered with `request.cancelled`, with the calls that already took effect in `data`,
 * and within a second even if the engine does not settle.
 */
import { OptimizerError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { ExecuteRequest, RunEvent } from '../engine/request.ts';
import type { EnginePort } from './engine-port.ts';
import type { Handler } from './handler.ts';
import type { RpcId, RpcNotification, RpcRequest } from './json-rpc.ts';
import { intentHandlers } from './methods-intents.ts';
import { manifestHandlers } from './methods-manifest.ts';
import { stateHandlers } from './methods-state.ts';
import { checkParams } from './params.ts';
import { progressOf } from './progress.ts';
import { METHOD_SCHEMAS, type MethodName } from './schema.ts';

/** How long an aborted run may take to say what took effect, before it is answered without. */
const CANCEL_GRACE_MS = 1_000;
/** An atomic batch undoes first what it has written. */
const UNDO_GRACE_MS = 10_000;
const GRACES_MS: Readonly<Partial<Record<MethodName, number>>> = {
  'optimizer/execute': CANCEL_GRACE_MS,
  'optimizer/executeIntent': CANCEL_GRACE_MS,
  'optimizer/executeBatch': UNDO_GRACE_MS,
};

export interface MethodCall {
  /** Aborted by `notifications/cancelled` and at the end of the shutdown grace. */
  readonly signal: AbortSignal;
  /** Sends a notification about this request; may drop it. Nothing is sent after the call has settled. */
  notify(notification: RpcNotification): void;
}

type Params = JsonObject;

export class Methods {
  readonly #handlers: Readonly<Record<MethodName, Handler>>;

  /** `onShutdown` is called when `optimizer/shutdown` has been accepted; the request itself is answered first. */
  constructor(engine: EnginePort, onShutdown: () => void) {
    this.#handlers = {
      'optimizer/execute': async (params, context) =>
        outcomeAnswer(await engine.execute(executeRequest(params), context)),
      ...intentHandlers(engine, outcomeAnswer),
      ...stateHandlers(engine),
      'optimizer/search': async (params, context) =>
        (await engine.search(
          params.query as string,
          params.limit as number | undefined,
          context,
          params.tenant as string | undefined,
        )) as unknown as Json,
      'optimizer/describe': async (params) =>
        (await engine.describe(
          params.server as string,
          params.tool as string,
          params.tenant as string | undefined,
        )) as unknown as Json,
      'optimizer/servers': async () => ({ servers: (await engine.servers()) as unknown as Json }),
      ...manifestHandlers(engine),
      'optimizer/health': async () => engine.health(),
      'optimizer/stats': async () => await engine.stats(),
      'optimizer/shutdown': async () => {
        setImmediate(onShutdown);
        return { stopping: true };
      },
    };
  }

  /** Answers `request` or throws an `OptimizerError`; anything else thrown is a fault of ours. */
  async call(request: RpcRequest, call: MethodCall): Promise<Json> {
    const method = knownMethod(request.method);
    const params: Params = request.params ?? {};
    checkParams(METHOD_SCHEMAS[method].params, params);
    const talk = new Talk(request.id, params, call);
    try {
      const work = this.#handlers[method](params, { signal: call.signal, onEvent: (event) => talk.tell(event) });
      return await settled(work, call.signal, GRACES_MS[method] ?? 0);
    } finally {
      talk.end();
    }
  }
}

function knownMethod(name: string): MethodName {
  if (Object.hasOwn(METHOD_SCHEMAS, name)) return name as MethodName;
  const near = nearest(name, Object.keys(METHOD_SCHEMAS));
  const advice = near.length === 0 ? '' : ` The nearest is ${near[0]}.`;
  throw new OptimizerError('request.method', `There is no method ${name.slice(0, 80)}.${advice}`, {
    data: { method: name.slice(0, 80), nearest: near },
  });
}

function executeRequest(params: Params): ExecuteRequest {
  const { events: _events, _meta, ...request } = params;
  return request as unknown as ExecuteRequest;
}

function outcomeAnswer(outcome: Outcome): Json {
  if (outcome.status === 'failed' && outcome.error?.code === 'request.cancelled') {
    throw new OptimizerError('request.cancelled', outcome.error.message, {
      data: { executionId: outcome.executionId, calls: outcome.calls as unknown as Json },
    });
  }
  return outcome as unknown as Json;
}

/** The work's own end, or `request.cancelled` when it has not ended `graceMs` after the abort. */
async function settled(work: Promise<Json>, signal: AbortSignal, graceMs: number): Promise<Json> {
  let timer: NodeJS.Timeout | undefined;
  let stopListening = (): void => {};
  const cancelled = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => {
      timer = setTimeout(() => reject(new OptimizerError('request.cancelled', 'The request was cancelled.')), graceMs);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    stopListening = () => signal.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, cancelled]);
  } finally {
    clearTimeout(timer);
    stopListening();
  }
}

/** What a request hears while it runs: `optimizer/event` if it asked for events, progress if it gave a token. */
class Talk {
  readonly #requestId: RpcId;
  readonly #call: MethodCall;
  readonly #events: boolean;
  readonly #token: string | number | undefined;
  #step = 0;
  #ended = false;

  constructor(requestId: RpcId, params: Params, call: MethodCall) {
    this.#requestId = requestId;
    this.#call = call;
    this.#events = params.events === true;
    const token = (params._meta as JsonObject | undefined)?.progressToken;
    this.#token = typeof token === 'string' || typeof token === 'number' ? token : undefined;
  }

  tell(event: RunEvent): void {
    if (this.#ended) return;
    if (this.#events) this.#send('optimizer/event', { requestId: this.#requestId, ...event });
    const message = this.#token === undefined ? undefined : progressOf(event);
    if (message === undefined || this.#token === undefined) return;
    this.#step += 1;
    this.#send('notifications/progress', { progressToken: this.#token, progress: this.#step, message });
  }

  end(): void {
    this.#ended = true;
  }

  #send(method: string, params: JsonObject): void {
    this.#call.notify({ jsonrpc: '2.0', method, params });
  }
}
