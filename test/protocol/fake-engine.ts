/** A hand-written engine: the code of a request says what the fake does with it. */
import { EngineState } from '../../src/app/engine-state.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import type { ExecutionId } from '../../src/core/ids.ts';
import type { Json } from '../../src/core/json.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import type { ExecuteRequest, RunContext } from '../../src/engine/request.ts';
import { SessionRuns } from '../../src/engine/session-runs.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import type { EnginePort, SearchAnswer, ServerStatus, ToolDescription } from '../../src/protocol/engine-port.ts';
import type { IntentsPort } from '../../src/protocol/intents-port.ts';
import type { SignedManifest } from '../../src/protocol/manifest-port.ts';
import type { StatePort } from '../../src/protocol/state-port.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { ContextValues } from '../../src/state/context.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { SessionStore } from '../../src/state/sessions.ts';

/** The real thing over a store that forgets. */
function fakeState(): StatePort {
  const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
  const store = new MemoryStore(clock);
  const sessions = new SessionRuns({
    store: new SessionStore({ store, clock, ttlMs: 60_000, sessionsMax: 10 }),
    maxBytes: 1_000_000,
  });
  const context = new ContextValues(store, 60_000);
  return new EngineState({ context, sessions, limits: DEFAULT_LIMITS, redactor: createRedactor([]) });
}

export function outcome(fields: Partial<Outcome> = {}): Outcome {
  return {
    executionId: 'ex_1' as ExecutionId,
    status: 'completed',
    logs: [],
    logsDropped: 0,
    calls: [],
    usage: { wallMs: 1, guestCpuMs: 1, queueMs: 0, memoryPeakBytes: 1, hostCalls: 0, bytesIn: 0, bytesOut: 0 },
    tokens: { answer: 1, withoutOptimizer: 0, saved: 0 },
    ...fields,
  };
}

const CANCELLED = { code: 'request.cancelled', kind: 'request', message: 'Cancelled.', retryable: false } as const;
const CREATED = { seq: 1, tool: 'linear.create', status: 'ok', ms: 1, effect: 'write', argsHash: 'aa' } as const;

/**
 * `wait`: settles when aborted, one write made. `deaf`: never settles. `events`: one of each event, then 1.
 * `fail`: a failed outcome. `throw`: a fault with a path in it. `refuse`: an OptimizerError. `circular`: a value JSON
 * cannot hold. Anything else: completes with the code itself.
 */
export class FakeEngine implements EnginePort {
  readonly requests: ExecuteRequest[] = [];
  readonly signals: AbortSignal[] = [];
  readonly searches: Array<{ query: string; limit: number | undefined }> = [];
  names: string[] = ['alpha', 'beta'];
  readonly #state = fakeState();

  state(): StatePort {
    return this.#state;
  }

  async execute(request: ExecuteRequest, context: RunContext): Promise<Outcome> {
    this.requests.push(request);
    this.signals.push(context.signal);
    switch (request.code) {
      case 'wait':
        return await untilAborted(context.signal);
      case 'deaf':
        return await new Promise<never>(() => {});
      case 'events':
        tellAll(context);
        return outcome({ value: 1 });
      case 'fail':
        return outcome({
          status: 'failed',
          error: { code: 'program.error', kind: 'program', message: 'boom', line: 2, column: 3, retryable: false },
        });
      case 'throw':
        throw new Error('cannot read /etc/secret/key');
      case 'refuse':
        throw new OptimizerError('limit.queue', 'The queue is full.', { hint: 'Wait.', data: { retryAfterMs: 50 } });
      case 'circular': {
        const value: { self?: unknown } = {};
        value.self = value;
        return outcome({ value: value as Json });
      }
      case 'image':
        return outcome({
          content: [
            { type: 'image', data: 'AAAA', mimeType: 'image/png' },
            { type: 'nonsense', a: 1 },
          ],
        });
      default:
        return outcome({ value: request.code });
    }
  }

  /** One intent, `greet`, that answers what it was asked with; the rest does nothing. */
  intents(): IntentsPort {
    const greet = {
      name: 'greet',
      description: 'Greets.',
      params: {},
      effect: 'read',
      aliases: [],
      source: 'folder',
    } as const;
    return {
      executeIntent: async ({ intent }) => outcome({ value: intent, intent: 'greet' }),
      executeBatch: async ({ steps }) => ({
        status: 'completed',
        steps: steps.map((step, index) => ({ ...outcome({ value: index }), id: step.id ?? `step${index + 1}` })),
      }),
      list: async () => [greet],
      save: async (_, { name }) => ({ name }),
      delete: async (_, name) => ({ name }),
    };
  }

  async search(query: string, limit: number | undefined): Promise<SearchAnswer> {
    this.searches.push({ query, limit });
    const match = { server: 'alpha', tool: 'get-sum', signature: 'getSum(args: {a: number})', kind: 'tool' } as const;
    return { matches: [match], total: 7, missing: ['beta'] };
  }

  async searchText(query: string, limit: number | undefined): Promise<string> {
    this.searches.push({ query, limit });
    return `found for ${query}`;
  }

  async describe(server: string, tool: string): Promise<ToolDescription> {
    if (server !== 'alpha') throw new OptimizerError('request.server', `There is no server ${server}.`);
    return { server, tool, signature: 'f()', declaration: 'declare function f(): void;', pinned: true };
  }

  async manifest(): Promise<SignedManifest> {
    return { manifest: { servers: {} }, signature: 'c2ln', publicKey: 'a2V5', algorithm: 'Ed25519' };
  }

  servers(): ServerStatus[] {
    return [
      { name: 'alpha', tools: 7, state: 'ready' },
      { name: 'beta', tools: 0, state: 'failed', error: 'not found' },
    ];
  }

  health(): Json {
    return { status: 'ok' };
  }

  async stats(): Promise<Json> {
    return { runs: this.requests.length };
  }

  inventory(): string[] {
    return this.names;
  }
}

async function untilAborted(signal: AbortSignal): Promise<Outcome> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  return outcome({ status: 'failed', error: CANCELLED, calls: [CREATED] });
}

function tellAll({ onEvent }: RunContext): void {
  const executionId = 'ex_1' as ExecutionId;
  onEvent({ type: 'state', executionId, state: 'running' });
  onEvent({ type: 'console', executionId, level: 'info', text: 'hello' });
  onEvent({ type: 'progress', executionId, step: 'call', tool: 'alpha.get-sum', calls: 1 });
  onEvent({ type: 'progress', executionId, step: 'progress', tool: 'alpha.get-sum', calls: 1, progress: 1, total: 2 });
  onEvent({ type: 'progress', executionId, step: 'answer', tool: 'alpha.get-sum', calls: 1, status: 'ok' });
}
