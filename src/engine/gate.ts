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
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { HostCall, HostReply } from '../sandbox/backend.ts';
import type { Limits } from '../sandbox/limits.ts';
import type { Log } from '../telemetry/log.ts';
import type { Asker } from '../upstream/asker.ts';
import { jsonExcess } from '../upstream/json-size.ts';
import type { ResultBlob } from '../upstream/results.ts';
import { hiddenServerError, serverErrorOf } from '../upstream/server-error.ts';
import { DEPTH_MAX, isTooDeep } from './depth.ts';
import { Journal } from './journal.ts';
import { sampleText } from './ledger.ts';
import type { CallRecord, CallStatus } from './outcome.ts';
import type { CallProgress, GateTool, ToolAnswer, ToolCaller, ToolSource } from './ports.ts';
import type { RunEvent } from './request.ts';
import { Turnstile } from './turnstile.ts';

/** Serves one interface of `wit/` that needs no more than its arguments; `tools.call` is the gate's own. */
export type ServeCapability = (functionName: string, args: readonly unknown[]) => Promise<Json>;

export interface GateOptions {
  readonly executionId: ExecutionId;
  readonly readOnly: boolean;
  /** Whose intents a search finds. */
  readonly tenant?: string;
  readonly grants: readonly string[];
  readonly limits: Limits;
  readonly tools: ToolSource;
  readonly caller: ToolCaller;
  /** Interfaces beside `tools` that the main thread serves, by name. */
  readonly served: Readonly<Record<string, ServeCapability>>;
  /** Keeps bytes that a tool answered; the guest sees their handles. */
  keepBlob(blob: ResultBlob): void;
  /** Whatever goes into the guest, or out as an event or an error, passes it. */
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly log: Log;
  onEvent(event: RunEvent): void;
  /** Who is asked when a server asks something; without one such a question is refused. */
  readonly asker?: Asker;
  /** The progress of a call as the server tells it, for `passThrough`. */
  onProgress?(progress: CallProgress): void;
}

/** What becomes of a call's answer. `verbatim`: the server's own business, checked and taken apart by nobody. */
type Passage = { readonly kind: 'data' | 'raw' } | { readonly kind: 'verbatim'; readonly meta?: JsonObject };

/** What the gates of one run share: the run itself and the intents that it calls (intents/nested-runs.ts). */
export interface GateShare {
  readonly journal: Journal;
  readonly turnstile: Turnstile;
  /** Calls that were asked for. */
  readonly budget: { used: number };
}

/** Shorter JSON text cannot be deeper. */
const DEEP_CHARS_MIN = 2 * DEPTH_MAX;

const RUN_ENDED = 'the run has ended';

/** Failures between us and a server that nobody has foreseen; a tool's own refusal is not among them. */
const ON_THE_WAY: ReadonlySet<string> = new Set(['upstream.unavailable', 'upstream.timeout', 'upstream.protocol']);

export class Gate {
  /** For the gate of an intent that the run calls. */
  readonly share: GateShare;
  readonly #options: GateOptions;
  readonly #turnstile: Turnstile;
  readonly #isRoot: boolean;
  readonly #abort = new AbortController();
  /** The errors that the gate gave the program, by the number of the call: what an uncaught one is looked up in. */
  readonly #refusals = new Map<number, OptimizerError>();
  /** Calls that the program has asked for and has no answer to. */
  readonly #unanswered = new Set<{ readonly asked: string }>();
  #open = true;

  /** With `share` it is the gate of an intent, and its end is not the end of the run. */
  constructor(options: GateOptions, share?: GateShare) {
    this.#options = options;
    this.#isRoot = share === undefined;
    this.share = share ?? {
      journal: new Journal(),
      turnstile: new Turnstile(options.limits.callsInFlight),
      budget: { used: 0 },
    };
    this.#turnstile = this.share.turnstile;
  }

  get journal(): Journal {
    return this.share.journal;
  }

  /** Aborted at the end of what the gate stands before. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Takes one call off the budget; throws `limit.calls` when there is none left. */
  spend(): void {
    const { calls } = this.#options.limits;
    if (++this.share.budget.used <= calls) return;
    throw new OptimizerError('limit.calls', `the run has made its ${calls} calls (limit \`calls\`)`);
  }

  /** Answers one host call. Never rejects. */
  async hostCall(call: HostCall): Promise<HostReply> {
    try {
      return await this.#pass(call);
    } catch (error) {
      return { ok: false, text: JSON.stringify(this.#errorRecord(error, call)) };
    }
  }

  /**
   * One call without a program: everything of a program's call but the check of its arguments, and its answer untouched
   * but for secrets. Rejects with a `ServerError` for a JSON-RPC error of the server, else with an `OptimizerError`.
   */
  async passThrough(call: {
    readonly server: string;
    readonly tool: string;
    readonly arguments: JsonObject;
    readonly meta?: JsonObject;
  }): Promise<JsonObject> {
    const { redactor } = this.#options;
    const passage: Passage = { kind: 'verbatim', ...(call.meta === undefined ? {} : { meta: call.meta }) };
    try {
      if (!this.#open) throw ended();
      const { raw } = await this.#callTool(call.server, call.tool, call.arguments, passage, (answer) => answer);
      if (!isJsonObject(raw)) throw new OptimizerError('upstream.protocol', 'the answer is not a tool result');
      return redactor.active ? (redactor.json(raw) as JsonObject) : raw;
    } catch (error) {
      const known = error instanceof ToolFailure ? error.cause : error;
      if (!(known instanceof OptimizerError)) throw error;
      const own = serverErrorOf(known);
      throw own === undefined ? this.#redacted(known) : hiddenServerError(own, redactor);
    }
  }

  /** The wall at the end of a run: later calls are refused, those under way are told to stop and change nothing more. */
  close(): void {
    this.#open = false;
    if (this.#isRoot) this.journal.seal();
    // With a reason of our own: without one, a DOMException with a stack is made for every run.
    this.#abort.abort(RUN_ENDED);
    if (this.#isRoot) this.#turnstile.close();
  }

  /** After `close`: the calls that the program did not wait for, as it named them, whether they have left or not. */
  get unanswered(): string[] {
    return [...this.#unanswered].map(({ asked }) => asked);
  }

  /** The gate's own record of the failure of call `call`, for a program that did not catch it. */
  refusalOf(call: number): OptimizerError | undefined {
    return this.#refusals.get(call);
  }

  /** A value on its way into the guest: as text, or as it is when it is large and no secret has to be looked for in it. */
  #reply(value: Json): HostReply {
    const { redactor } = this.#options;
    if (!redactor.active && isLarge(value)) {
      if (isTooDeep(value)) throw tooDeepResult();
      return { ok: true, value };
    }
    const text = jsonText(value);
    return { ok: true, text: redactor.holds(text) ? JSON.stringify(redactor.json(value)) : text };
  }

  async #pass(call: HostCall): Promise<HostReply> {
    const { interfaceName, functionName } = call;
    if (!this.#open) throw ended();
    if (!this.#options.grants.includes(interfaceName)) {
      throw new OptimizerError('denied.capability', `the capability \`${interfaceName}\` is not granted to this run`);
    }
    const args = checkArguments(interfaceName, functionName, JSON.parse(call.argumentsText));
    if (interfaceName === 'tools' && functionName === 'call') {
      const [server, tool, toolArguments, raw] = args as [string, string, Json, boolean];
      const passage: Passage = { kind: raw ? 'raw' : 'data' };
      return this.#callTool(server, tool, toolArguments, passage, (answer) => this.#replyOf(answer, raw));
    }
    if (interfaceName === 'tools' && functionName === 'search') {
      const limit = (args[1] ?? undefined) as number | undefined;
      return this.#reply(await this.#options.tools.search(args[0] as string, limit, this.#options.tenant));
    }
    const serve = this.#options.served[interfaceName];
    if (!serve) throw new OptimizerError('denied.capability', `there is no \`${interfaceName}.${functionName}\``);
    return this.#reply(await serve(functionName, args));
  }

  async #callTool<Passed>(
    server: string,
    toolName: string,
    args: Json,
    passage: Passage,
    pass: (answer: ToolAnswer) => Passed,
  ): Promise<Passed> {
    const { tools } = this.#options;
    const asked = `${server}.${toolName}`;
    const open = { asked };
    this.#unanswered.add(open);
    try {
      this.spend();
      refuseDeepArguments(args);
      const tool = await tools.require(server, toolName);
      if (!this.#open) throw ended();
      const argsText = canonicalJson(args);
      const record = this.journal.open(`${tool.server}.${tool.name}`, tool.effect, sha256Hex(argsText).slice(0, 16));
      return await this.#send(tool, args, argsText, record, passage, pass);
    } catch (error) {
      throw error instanceof OptimizerError ? new ToolFailure(error, asked) : error;
    } finally {
      if (this.#open) this.#unanswered.delete(open);
    }
  }

  async #send<Passed>(
    tool: GateTool,
    args: Json,
    argsText: string,
    record: CallRecord,
    passage: Passage,
    pass: (answer: ToolAnswer) => Passed,
  ): Promise<Passed> {
    const { limits, clock, caller, asker, tenant } = this.#options;
    const id = record.tool;
    const isVerbatim = passage.kind === 'verbatim';
    try {
      this.#admit(tool, args, record, !isVerbatim);
      await this.#turnstile.enter();
    } catch (error) {
      throw error instanceof OptimizerError ? new ToolFailure(error, id) : error;
    }
    if (!this.#open) {
      this.#turnstile.leave();
      throw new ToolFailure(ended(), id);
    }
    const startedMs = clock.monotonicMs();
    this.journal.leave(record);
    this.#tell({ step: 'call', tool: id });
    try {
      const answer = await caller.call(tool.server, tool.name, args, {
        signal: this.#abort.signal,
        timeoutMs: limits.toolTimeoutMs,
        argumentsText: argsText,
        ...(tenant === undefined ? {} : { tenant }),
        onProgress: (progress) => this.#tellProgress(id, progress),
        ...(asker === undefined ? {} : { asker }),
        ...(isVerbatim ? { verbatim: passage.meta === undefined ? {} : { meta: passage.meta } } : {}),
      });
      this.journal.close(record, answerStatus(answer), clock.monotonicMs() - startedMs);
      if (isVerbatim) return pass(answer);
      this.#noteCost(tool, argsText, answer.raw);
      if (this.#open) for (const blob of answer.blobs ?? []) this.#options.keepBlob(blob);
      if (!answer.ok) throw new OptimizerError('upstream.toolError', answer.message, { data: { tool: id } });
      return pass(answer);
    } catch (error) {
      if (record.status === 'unknown') this.journal.close(record, statusOf(error), clock.monotonicMs() - startedMs);
      throw error instanceof OptimizerError ? new ToolFailure(this.#traced(error, id), id) : error;
    } finally {
      this.#turnstile.leave();
      this.#tell({ step: 'answer', tool: id, status: record.status });
    }
  }

  /**
   * A failure with the tool that it is about. What a server says of itself is told in its own words; what went wrong on the
   * way has words of ours and a correlation id, under which the log has the reason.
   */
  #traced(error: OptimizerError, tool: string): OptimizerError {
    const { code, message, hint, retryable, data, cause } = error;
    const facts: Record<string, Json> = { ...data, tool };
    if (ON_THE_WAY.has(code)) {
      const correlationId = newCorrelationId();
      facts['correlationId'] = correlationId;
      this.#options.log.warn(
        { correlationId, tool, code, reason: String(cause ?? message) },
        'a call failed on its way',
      );
    }
    return new OptimizerError(code, message, {
      ...(hint === undefined ? {} : { hint }),
      data: facts,
      retryable,
      cause,
    });
  }

  #replyOf(answer: ToolAnswer, raw: boolean): HostReply {
    return this.#reply(raw || !answer.ok ? answer.raw : answer.value);
  }

  #tellProgress(tool: string, progress: CallProgress): void {
    const redacted = this.#redactedProgress(progress);
    if (this.#open) this.#options.onProgress?.(redacted);
    this.#tell({ step: 'progress', tool, ...redacted });
  }

  #redactedProgress<Progress extends { message?: string }>(progress: Progress): Progress {
    const { message } = progress;
    return message === undefined ? progress : { ...progress, message: this.#options.redactor.text(message) };
  }

  /** Everything that can refuse a call before it leaves. */
  #admit(tool: GateTool, args: Json, { tool: id }: CallRecord, isChecked: boolean): void {
    if (tool.refusal !== undefined) throw tool.refusal;
    if (this.#options.readOnly && tool.effect === 'write') {
      throw new OptimizerError('denied.readOnly', `\`${id}\` may write, and this run is read-only; it was not called`, {
        hint: 'Run the program with writing allowed; if the tool only reads, say so in the config (`effects`).',
        data: { tool: id },
      });
    }
    if (!isChecked) return;
    const issues = isJsonObject(args)
      ? this.#options.tools.validate(tool, args)
      : [{ path: '', message: `expected one object of named arguments, got ${describe(args)}` }];
    if (issues.length === 0) return;
    const lines = issues.map((issue) => issue.message);
    const error = new OptimizerError(
      'upstream.arguments',
      `the arguments of \`${id}\` do not fit: ${lines.join('; ')}; it was not called`,
      {
        hint: tool.signature,
        data: { tool: id },
      },
    );
    throw new ToolFailure(error, id, lines);
  }

  #noteCost(tool: GateTool, argsText: string, raw: Json): void {
    if (!this.#open) return;
    const cost = this.journal.directCost;
    const id = `${tool.server}.${tool.name}`;
    // The definition is written out once for each tool, not for each call.
    if (!cost.definitions.has(id)) cost.definitions.set(id, tool.promptText);
    cost.texts.push(sampleText(`${tool.name}${argsText}`), sampleText(renderDirect(raw)));
  }

  #tell(step: { step: 'call' | 'progress' | 'answer'; tool: string } & Partial<Pick<CallRecord, 'status'>>): void {
    const { executionId, onEvent } = this.#options;
    if (this.#open) onEvent({ type: 'progress', executionId, calls: this.journal.calls.length, ...step });
  }

  /** What the guest is told of a failure. The gate keeps the same words for a program that does not catch it. */
  #errorRecord(error: unknown, call: HostCall): Json {
    const about = error instanceof ToolFailure ? error : undefined;
    const known = this.#redacted(this.#known(about?.cause ?? error, call));
    this.#refusals.set(call.call, known);
    const { code, kind, message, hint, retryable, data } = known;
    return {
      code,
      kind,
      message,
      ...(about ? { tool: about.tool } : {}),
      ...(hint === undefined ? {} : { hint }),
      retryable: retryable && !this.journal.wrote,
      issues: about ? about.issues.map((issue) => this.#options.redactor.text(issue)) : [],
      ...(data === undefined ? {} : { data }),
    };
  }

  /** A fault of ours is told by its number alone; what it was stands in the log. */
  #known(error: unknown, call: HostCall): OptimizerError {
    if (error instanceof BoundaryError) {
      const message = `${call.interfaceName}.${call.functionName}: ${error.message}`;
      return new OptimizerError(error.code, message, error.data === undefined ? {} : { data: error.data });
    }
    if (error instanceof OptimizerError) return error;
    const correlationId = newCorrelationId();
    const stack = error instanceof Error ? error.stack : undefined;
    this.#options.log.error({ correlationId, error: String(error), stack }, 'a host call failed');
    return new OptimizerError('internal.error', `an internal failure, correlation id ${correlationId}`, {
      data: { correlationId },
    });
  }

  #redacted(error: OptimizerError): OptimizerError {
    const { redactor } = this.#options;
    if (!redactor.active) return error;
    const { code, hint, data, retryable } = error;
    return new OptimizerError(code, redactor.text(error.message), {
      ...(hint === undefined ? {} : { hint: redactor.text(hint) }),
      ...(data === undefined ? {} : { data: redactor.json(data) as JsonObject }),
      retryable,
    });
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

function ended(): OptimizerError {
  return new OptimizerError('request.cancelled', 'the run has ended');
}

function answerStatus({ ok, cached }: ToolAnswer): CallStatus {
  if (!ok) return 'error';
  return cached === true ? 'cached' : 'ok';
}

/** What became of a call without an answer: `denied` when it never left, `unknown` when it may have taken effect. */
function statusOf(error: unknown): CallStatus {
  if (!(error instanceof OptimizerError)) return 'unknown';
  if (error.data?.['sent'] === false) return 'denied';
  // The server answered, though not with a result.
  const answered = ['upstream.toolError', 'upstream.protocol', 'limit.toolResult'].includes(error.code);
  return answered ? 'error' : 'unknown';
}

/** Compact JSON. Throws `limit.toolResult` for a value that is nested too deeply to be written or read again. */
/** From about this size on, the engine's binary form is quicker than text (docs/adr/0011). */
const LARGE_BYTES_MIN = 32 * 1024;

function isLarge(value: Json): boolean {
  return typeof value === 'object' && jsonExcess(value, { bytesMax: LARGE_BYTES_MIN }) === 'bytes';
}

function jsonText(value: Json): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? 'null';
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw tooDeepResult();
  }
  if (text.length > DEEP_CHARS_MIN && isTooDeep(value)) throw tooDeepResult();
  return text;
}

function tooDeepResult(): OptimizerError {
  return new OptimizerError('limit.toolResult', `the result is nested more than ${DEPTH_MAX} levels deep`, {
    hint: 'Ask the tool for less, or for another form.',
  });
}

function refuseDeepArguments(args: Json): void {
  if (!isTooDeep(args)) return;
  throw new OptimizerError('limit.argument', `the arguments are nested more than ${DEPTH_MAX} levels deep`);
}

/** What a client would have shown a model: the text blocks, else the result as JSON. */
function renderDirect(raw: Json): string {
  const content = isJsonObject(raw) ? raw['content'] : undefined;
  try {
    if (!Array.isArray(content)) return JSON.stringify(raw);
    const texts = content.map((block) =>
      isJsonObject(block) && typeof block['text'] === 'string' ? block['text'] : JSON.stringify(block),
    );
    return texts.join('\n');
  } catch {
    // Nested beyond what can be written; the answer is refused further on and costs nothing.
    return '';
  }
}

function describe(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
