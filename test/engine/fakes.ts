/** Hand-written stand-ins for the engine's ports, and an executor over any backend with them. */
import type { Clock } from '../../src/core/clock.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { nearest } from '../../src/core/nearest.ts';
import { Executor, type ExecutorOptions } from '../../src/engine/execute.ts';
import { KeptBlobs } from '../../src/engine/kept-blobs.ts';
import { KeptValues } from '../../src/engine/kept-values.ts';
import type { CallOptions, GateTool, ToolAnswer, ToolCaller, ToolSource } from '../../src/engine/ports.ts';
import type { RunContext, RunEvent } from '../../src/engine/request.ts';
import { SessionRuns } from '../../src/engine/session-runs.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import type { HostCall, SandboxBackend } from '../../src/sandbox/backend.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { ContextValues } from '../../src/state/context.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { SessionStore } from '../../src/state/sessions.ts';
import type { Store } from '../../src/state/store.ts';
import { silentLog } from '../../src/telemetry/log.ts';

export type ToolWork = (args: JsonObject, options: CallOptions) => Json | ToolAnswer | Promise<Json | ToolAnswer>;

export interface FakeTool {
  readonly effect?: 'read' | 'write';
  /** Names of required arguments: what `validate` looks at. */
  readonly required?: readonly string[];
  readonly work: ToolWork;
}

/** A failed tool result, as an upstream with `isError` gives it. */
export function failedAnswer(message: string): ToolAnswer {
  return { ok: false, message, raw: { isError: true, content: [{ type: 'text', text: message }] } };
}

/** Tools of one or more servers, called in process. */
export class FakeTools implements ToolSource, ToolCaller {
  readonly calls: Array<{ tool: string; args: JsonObject }> = [];
  readonly #tools: Readonly<Record<string, FakeTool>>;

  /** Keys are `server.tool`. */
  constructor(tools: Readonly<Record<string, FakeTool>>) {
    this.#tools = tools;
  }

  require(server: string, name: string): GateTool {
    const id = `${server}.${name}`;
    const tool = Object.hasOwn(this.#tools, id) ? this.#tools[id] : undefined;
    if (!tool) {
      const close = nearest(id, Object.keys(this.#tools));
      throw new OptimizerError('request.tool', `there is no \`${id}\`; nearest: ${close.join(', ')}`, {
        data: { nearest: close },
      });
    }
    const signature = `tools.${id}({${(tool.required ?? []).join(', ')}})`;
    return { server, name, effect: tool.effect ?? 'read', signature, promptText: `{"name":"${name}"}` };
  }

  validate(tool: GateTool, args: Json): Array<{ path: string; message: string }> {
    const required = this.#tools[`${tool.server}.${tool.name}`]?.required ?? [];
    return required
      .filter((name) => !Object.hasOwn(args as JsonObject, name))
      .map((name) => ({ path: name, message: `\`${name}\`: is required` }));
  }

  async search(query: string, limit: number | undefined): Promise<Json> {
    return { matches: Object.keys(this.#tools).filter((id) => id.includes(query)), limit: limit ?? null };
  }

  async call(server: string, name: string, args: Json, options: CallOptions): Promise<ToolAnswer> {
    const id = `${server}.${name}`;
    this.calls.push({ tool: id, args: args as JsonObject });
    const answer = await (this.#tools[id] as FakeTool).work(args as JsonObject, options);
    return isAnswer(answer) ? answer : { ok: true, value: answer, raw: { content: [], structuredContent: answer } };
  }
}

function isAnswer(value: Json | ToolAnswer): value is ToolAnswer {
  return typeof value === 'object' && value !== null && 'raw' in value && 'ok' in value;
}

/** Time that moves only when a test says so. */
export class FakeClock implements Clock {
  #ms = 1_000_000;

  nowMs(): number {
    return this.#ms;
  }

  monotonicMs(): number {
    return this.#ms;
  }

  pass(ms: number): void {
    this.#ms += ms;
  }
}

/** Sessions over a store, with room for a few. */
export function sessionRuns(
  store: Store,
  more: { ttlMs?: number; sessionsMax?: number; maxBytes?: number } = {},
): SessionRuns {
  const { ttlMs = 60_000, sessionsMax = 100, maxBytes = 8 * 1024 * 1024 } = more;
  const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
  return new SessionRuns({ store: new SessionStore({ store, clock, ttlMs, sessionsMax }), maxBytes });
}

/** Options of an executor over `backend`, with everything that a test does not care about filled in. */
export function executorOptions(
  backend: SandboxBackend,
  tools: FakeTools,
  more: Partial<ExecutorOptions> = {},
): ExecutorOptions {
  const store = more.store ?? new MemoryStore({ nowMs: () => Date.now(), monotonicMs: () => performance.now() });
  return {
    backends: { [backend.name]: backend },
    defaultBackend: backend.name,
    tools,
    caller: tools,
    limits: DEFAULT_LIMITS,
    grants: ['tools', 'console', 'clock', 'random', 'timers', 'url', 'blobs', 'content', 'context'],
    blobs: new KeptBlobs({ bytesMax: 1024 * 1024, ttlMs: 60_000 }),
    kept: new KeptValues({ bytesMax: 64 * 1024 * 1024, ttlMs: 60_000 }),
    tokens: { count: (text) => Math.ceil(text.length / 4) },
    context: new ContextValues(store, 60_000),
    sessions: sessionRuns(store),
    store,
    redactor: createRedactor([]),
    types: { erase: async () => ({ kind: 'syntax', message: 'no types here' }) },
    renderAnswer: (outcome) => JSON.stringify(outcome.value ?? outcome.error ?? null),
    clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
    log: silentLog,
    ...more,
  };
}

export function executorOver(backend: SandboxBackend, tools: FakeTools, more: Partial<ExecutorOptions> = {}): Executor {
  return new Executor(executorOptions(backend, tools, more));
}

/** A context that keeps what it is told. */
export function listening(audience: RunContext['audience'] = 'program'): RunContext & {
  readonly events: RunEvent[];
  readonly abort: AbortController;
} {
  const abort = new AbortController();
  const events: RunEvent[] = [];
  return { signal: abort.signal, events, abort, audience, onEvent: (event) => events.push(event) };
}

/** One host call to `tools.call` as a guest sends it. */
export function toolCall(call: number, server: string, tool: string, args: Json = {}, raw = false): HostCall {
  return {
    call,
    interfaceName: 'tools',
    functionName: 'call',
    argumentsText: JSON.stringify([server, tool, args, raw]),
  };
}
