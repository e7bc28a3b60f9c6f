/**
 * Calls of a client that speaks for itself, without a program: the modes `direct` and `hybrid`. Each passes the same gate
 * as a program's call, with a journal and a budget of one, and comes back as the server sent it, less secrets.
 *
 *   client ─▶ place ─▶ gate ─▶ server ─▶ redaction ─▶ client
 */
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import { newExecutionId } from '../core/ids.ts';
import { byteLength, type Json, type JsonObject } from '../core/json.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { Limits } from '../sandbox/limits.ts';
import type { Log } from '../telemetry/log.ts';
import type { Asker } from '../upstream/asker.ts';
import { Admission } from './admission.ts';
import { Gate } from './gate.ts';
import type { CallProgress, ToolCaller, ToolSource } from './ports.ts';

export interface DirectCallsOptions {
  readonly tools: ToolSource;
  readonly caller: ToolCaller;
  readonly limits: Limits;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly log: Log;
}

export interface DirectCall {
  readonly server: string;
  readonly tool: string;
  readonly arguments: JsonObject;
  /** `_meta` of the client's request, less what belongs to its own connection. */
  readonly meta?: JsonObject;
  /** Refuses a tool that may write. */
  readonly readOnly?: boolean;
}

export interface DirectContext {
  readonly signal: AbortSignal;
  readonly asker?: Asker;
  onProgress?(progress: CallProgress): void;
}

export class DirectCalls {
  readonly #options: DirectCallsOptions;
  readonly #admission: Admission;
  #completed = 0;
  #failed = 0;

  constructor(options: DirectCallsOptions) {
    this.#options = options;
    this.#admission = new Admission(options.limits);
  }

  /**
   * The `CallToolResult` of the server, also one with `isError`. Rejects with a `ServerError` when the server answered with
   * a JSON-RPC error, else with an `OptimizerError` (`limit.*`, `denied.*`, `request.*`, `upstream.*`).
   */
  async call(call: DirectCall, context: DirectContext): Promise<JsonObject> {
    const { limits, clock } = this.#options;
    refuseLarge(call.arguments, limits.argumentBytes);
    await this.#admission.enter(context.signal);
    const startedMs = clock.monotonicMs();
    const gate = this.#gate(call, context);
    const stop = (): void => gate.close();
    if (context.signal.aborted) stop();
    context.signal.addEventListener('abort', stop, { once: true });
    try {
      const result = await gate.passThrough(call);
      this.#completed++;
      return result;
    } catch (error) {
      this.#failed++;
      throw error;
    } finally {
      context.signal.removeEventListener('abort', stop);
      gate.close();
      this.#admission.leave(clock.monotonicMs() - startedMs);
    }
  }

  stats(): Json {
    return { completed: this.#completed, failed: this.#failed, inFlight: this.#admission.inFlight };
  }

  #gate({ readOnly = false }: DirectCall, { asker, onProgress }: DirectContext): Gate {
    const { tools, caller, limits, redactor, clock, log } = this.#options;
    return new Gate({
      executionId: newExecutionId(),
      readOnly,
      grants: ['tools'],
      limits,
      tools,
      caller,
      served: {},
      keepBlob: () => {},
      redactor,
      clock,
      log,
      onEvent: () => {},
      ...(asker === undefined ? {} : { asker }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  }
}

function refuseLarge(args: JsonObject, argumentBytes: number): void {
  const bytes = byteLength(JSON.stringify(args));
  if (bytes <= argumentBytes) return;
  throw new OptimizerError(
    'limit.argument',
    `the arguments are ${bytes} bytes long; the limit argumentBytes is ${argumentBytes} bytes`,
  );
}
