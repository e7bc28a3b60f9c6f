/**
 * The one gate: every host call of a program passes here, or does not pass. It checks, in this order: is the run still
 * open, is the capability granted, are the arguments of the right form, is the budget left, does the tool exist, may this
 * run use it, do the arguments fit its schema. Then it notes the call in the journal, waits for its turn and lets it go.
 *
 *   guest ─▶ gate ─▶ journal ─▶ upstream ─▶ unwrap ─▶ journal ─▶ guest
 *              └─ refused: an error record for the guest, and the gate's own note of it
 */
import { BoundaryError } from '../bindings/boundary-error.ts';
import { checkArguments } from '../bindings/generated/validators.ts';
import type { Clock } from '../core/clock.ts';
import { sha256Hex } from '../core/crypto.ts';
import { OptimizerError } from '../core/errors.ts';
import { type ExecutionId, newCorrelationId } from '../core/ids.ts';
import { canonicalJson, isJsonObject, type Json } from '../core/json.ts';
import type { HostCall, HostReply } from '../sandbox/backend.ts';
import type { Limits } from '../sandbox/limits.ts';
import type { Log } from '../telemetry/log.ts';
import { Journal } from './journal.ts';
import type { CallRecord } from './outcome.ts';
import type { GateTool, ToolCaller, ToolSource } from './ports.ts';
import type { RunEvent } from './request.ts';
import { Turnstile } from './turnstile.ts';

/** Serves one interface of `wit/` that needs no more than its arguments; `tools.call` is the gate's own. */
export type ServeCapability = (functionName: string, args: readonly unknown[]) => Promise<Json>;

export interface GateOptions {
  readonly executionId: ExecutionId;
  readonly readOnly: boolean;
  readonly grants: readonly string[];
  readonly limits: Limits;
  readonly tools: ToolSource;
  readonly caller: ToolCaller;
  /** Interfaces beside `tools` that the main thread serves, by name. */
  readonly served: Readonly<Record<string, ServeCapability>>;
  readonly clock: Clock;
  readonly log: Log;
  onEvent(event: RunEvent): void;
}

export class Gate {
  readonly journal = new Journal();
  readonly #options: GateOptions;
  readonly #turnstile: Turnstile;
  readonly #abort = new AbortController();
  /** The errors that the gate gave the program, by the number of the call: what an uncaught one is looked up in. */
  readonly #refusals = new Map<number, OptimizerError>();
  #budgetUsed = 0;
  #open = true;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#turnstile = new Turnstile(options.limits.callsInFlight);
  }

  /** Answers one host call. Never rejects. */
  async hostCall(call: HostCall): Promise<HostReply> {
    try {
      const value = await this.#pass(call);
      return { ok: true, text: JSON.stringify(value) ?? 'null' };
    } catch (error) {
      return { ok: false, text: JSON.stringify(this.#errorRecord(error, call)) };
    }
  }

  /** The wall at the end of a run: later calls are refused, those under way are told to stop. */
  close(): void {
    this.#open = false;
    this.#abort.abort();
    this.#turnstile.close();
  }

  /** The gate's own record of the failure of call `call`, for a program that did not catch it. */
  refusalOf(call: number): OptimizerError | undefined {
    return this.#refusals.get(call);
  }

  async #pass(call: HostCall): Promise<Json> {
    const { interfaceName, functionName } = call;
    if (!this.#open) throw new OptimizerError('request.cancelled', 'the run has ended');
    if (!this.#options.grants.includes(interfaceName)) {
      throw new OptimizerError('denied.capability', `the capability \`${interfaceName}\` is not granted to this run`);
    }
    const args = checkArguments(interfaceName, functionName, JSON.parse(call.argumentsText));
    if (interfaceName === 'tools' && functionName === 'call') {
      const [server, tool, toolArguments, raw] = args as [string, string, Json, boolean];
      return this.#callTool(server, tool, toolArguments, raw);
    }
    if (interfaceName === 'tools' && functionName === 'search') {
      return this.#options.tools.search(args[0] as string, (args[1] ?? undefined) as number | undefined);
    }
    const serve = this.#options.served[interfaceName];
    if (!serve) throw new OptimizerError('denied.capability', `there is no \`${interfaceName}.${functionName}\``);
    return serve(functionName, args);
  }

  async #callTool(server: string, toolName: string, args: Json, raw: boolean): Promise<Json> {
    const { limits, tools, clock } = this.#options;
    if (++this.#budgetUsed > limits.calls) {
      throw new OptimizerError('limit.calls', `the run has made its ${limits.calls} calls (limit \`calls\`)`);
    }
    const tool = await tools.require(server, toolName);
    const id = `${tool.server}.${tool.name}`;
    const argsText = canonicalJson(args);
    const record = this.journal.open(id, tool.effect, sha256Hex(argsText).slice(0, 16));
    this.#admit(tool, args, record);
    await this.#turnstile.enter();
    const startedMs = clock.monotonicMs();
    this.#tell({ step: 'call', tool: id });
    try {
      const answer = await this.#options.caller.call(tool.server, tool.name, args, {
        signal: this.#abort.signal,
        timeoutMs: limits.toolTimeoutMs,
        onProgress: (progress) => this.#tell({ step: 'progress', tool: id, ...progress }),
      });
      const ms = clock.monotonicMs() - startedMs;
      this.#noteCost(tool, argsText, answer.raw);
      if (!answer.ok) {
        this.journal.close(record, 'error', ms);
        throw new ToolFailure(new OptimizerError('upstream.toolError', answer.message, { data: { tool: id } }), id);
      }
      this.journal.close(record, 'ok', ms);
      return raw ? answer.raw : answer.value;
    } catch (error) {
      // Sent but without an answer that was seen: it may have taken effect, so it stays `unknown`.
      const sent = error instanceof OptimizerError && ['upstream.timeout', 'request.cancelled'].includes(error.code);
      const unseen = sent || (error instanceof OptimizerError && error.data?.['sent'] === true);
      if (record.status === 'unknown' && !unseen) this.journal.close(record, 'error', clock.monotonicMs() - startedMs);
      throw error instanceof OptimizerError ? new ToolFailure(error, id) : error;
    } finally {
      this.#turnstile.leave();
      this.#tell({ step: 'answer', tool: id, status: record.status });
    }
  }

  /** Everything that can refuse a call before it leaves. */
  #admit(tool: GateTool, args: Json, record: CallRecord): void {
    const id = record.tool;
    if (this.#options.readOnly && tool.effect === 'write') {
      this.journal.close(record, 'denied', 0);
      const error = new OptimizerError(
        'denied.readOnly',
        `\`${id}\` may write, and this run is read-only; it was not called`,
        {
          hint: 'Use run_code, or mark the tool as a read in the config (`effects`) if it is one.',
          data: { tool: id },
        },
      );
      throw new ToolFailure(error, id);
    }
    const issues = isJsonObject(args)
      ? this.#options.tools.validate(tool, args)
      : [{ path: '', message: `expected one object of named arguments, got ${describe(args)}` }];
    if (issues.length === 0) return;
    this.journal.close(record, 'error', 0);
    const lines = issues.map((issue) => issue.message);
    const error = new OptimizerError(
      'upstream.arguments',
      `the arguments of \`${id}\` do not fit: ${lines.join('; ')}`,
      {
        hint: tool.signature,
        data: { tool: id },
      },
    );
    throw new ToolFailure(error, id, lines);
  }

  #noteCost(tool: GateTool, argsText: string, raw: Json): void {
    const cost = this.journal.directCost;
    cost.definitions.set(`${tool.server}.${tool.name}`, tool.promptText);
    cost.texts.push(`${tool.name}${argsText}`, renderDirect(raw));
  }

  #tell(step: { step: 'call' | 'progress' | 'answer'; tool: string } & Partial<Pick<CallRecord, 'status'>>): void {
    const { executionId, onEvent } = this.#options;
    if (this.#open) onEvent({ type: 'progress', executionId, calls: this.journal.calls.length, ...step });
  }

  #errorRecord(error: unknown, call: HostCall): Json {
    const known = error instanceof ToolFailure ? error.cause : error;
    const about = error instanceof ToolFailure ? error : undefined;
    if (known instanceof OptimizerError) {
      this.#refusals.set(call.call, known);
      const { code, kind, message, hint, retryable, data } = known;
      return {
        code,
        kind,
        message,
        ...(about ? { tool: about.tool } : {}),
        ...(hint === undefined ? {} : { hint }),
        retryable: retryable && !this.journal.wrote,
        issues: about ? [...about.issues] : [],
        ...(data === undefined ? {} : { data }),
      };
    }
    if (known instanceof BoundaryError) {
      const message = `${call.interfaceName}.${call.functionName}: ${known.message}`;
      return { code: 'program.error', kind: 'program', message, retryable: false, issues: [] };
    }
    const correlationId = newCorrelationId();
    this.#options.log.error(
      { correlationId, error: String(known), stack: (known as Error)?.stack },
      'a host call failed',
    );
    const message = `an internal failure, correlation id ${correlationId}`;
    this.#refusals.set(call.call, new OptimizerError('internal.error', message, { data: { correlationId } }));
    return { code: 'internal.error', kind: 'internal', message, retryable: false, issues: [] };
  }
}

/** An error of one tool call: the error itself, the tool and the single findings. Stays inside the gate. */
class ToolFailure extends Error {
  readonly tool: string;
  readonly issues: readonly string[];
  override readonly cause: OptimizerError;

  constructor(cause: OptimizerError, tool: string, issues: readonly string[] = []) {
    super(cause.message);
    this.tool = tool;
    this.issues = issues;
    this.cause = cause;
  }
}

/** What a client would have shown a model: the text blocks, else the result as JSON. */
function renderDirect(raw: Json): string {
  const content = isJsonObject(raw) ? raw['content'] : undefined;
  if (!Array.isArray(content)) return JSON.stringify(raw);
  const texts = content.map((block) =>
    isJsonObject(block) && typeof block['text'] === 'string' ? block['text'] : JSON.stringify(block),
  );
  return texts.join('\n');
}

function describe(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
