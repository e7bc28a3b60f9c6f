/**
 * One program, from the caller's text to its outcome: the table of contents of the product.
 *
 *   admit → normalise → lease and run (backend, through the gate) → word the end → shape to the budget → count tokens
 *
 * A failing program is an outcome. `execute` rejects only when there is no outcome: no room, a parameter that makes no
 * sense, a fault of ours.
 */
import type { Clock } from '../core/clock.ts';
import type { OptimizerError } from '../core/errors.ts';
import { type ExecutionId, newExecutionId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { ContainerWork, HostCall, HostReply, SandboxBackend } from '../sandbox/backend.ts';
import { type Limits, lowerLimits } from '../sandbox/limits.ts';
import type { ContextValues } from '../state/context.ts';
import type { SessionOwner } from '../state/sessions.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';
import { Admission } from './admission.ts';
import type { ChainPlace } from './batch/step-chain.ts';
import type { Checker } from './check/finding.ts';
import { CONTAINER_BACKEND, planRun } from './containers/run-plan.ts';
import { RunContent } from './content.ts';
import { openGate } from './gate-of-run.ts';
import { grantsOf } from './grants.ts';
import { IdempotentRuns, type RunResult } from './idempotency.ts';
import type { Habits } from './intents/habits.ts';
import type { Intent } from './intents/intent.ts';
import { type IntentSource, NestedRuns } from './intents/nested-runs.ts';
import type { KeptBlobs } from './kept-blobs.ts';
import type { KeptValues } from './kept-values.ts';
import type { TokenCounter } from './ledger.ts';
import type { Outcome } from './outcome.ts';
import { Outcomes } from './outcome-of-run.ts';
import { pausing } from './pausing-asker.ts';
import { plainCallOf, runPlainCall } from './plain-call.ts';
import type { ToolCaller, ToolSource } from './ports.ts';
import { prepareProgram } from './prepare-program.ts';
import type { NormalizedProgram } from './program-forms.ts';
import { DEFAULT_TENANT, type ExecuteRequest, type RunContext } from './request.ts';
import { checkRequest } from './request-check.ts';
import { type RunReport, reportOf } from './run-report.ts';
import { type Seed, SeedSource } from './seeds.ts';
import type { SessionRuns } from './session-runs.ts';
import type { TypeEraser } from './type-eraser.ts';

export interface ExecutorOptions {
  readonly backends: Readonly<Record<string, SandboxBackend>>;
  readonly defaultBackend: string;
  readonly tools: ToolSource;
  readonly caller: ToolCaller;
  readonly limits: Limits;
  /** Interfaces a run may be granted; a request may only name fewer. */
  readonly grants: readonly string[];
  readonly kept: KeptValues;
  /** Images and other bytes of tool results, by tenant and handle. */
  readonly blobs: KeptBlobs;
  /** The small values of tenants and sessions that `context` reads and writes. */
  readonly context: ContextValues;
  /** Runs of sessions take turns, and leave their variables there. */
  readonly sessions: SessionRuns;
  /** Keeps outcomes by idempotency key; the caller closes it. */
  readonly store: Store;
  /** Nothing that it hides reaches a guest or an outcome. */
  readonly redactor: Redactor;
  readonly tokens: TokenCounter;
  /** Takes the types out of TypeScript; the caller closes it. */
  readonly types: Pick<TypeEraser, 'erase'>;
  /** Reads a program before it runs, when the caller wants that; without it such a request is refused. */
  readonly checker?: Checker;
  /** What a model is shown of an outcome; its tokens are the ledger's `answer`. */
  readonly renderAnswer: (outcome: Outcome) => string;
  /** The programs that `intents.name(params)` runs; without it there are none. */
  readonly intents?: IntentSource;
  /** Is told of each completed run, and may propose to save it. */
  readonly habits?: Habits;
  /** Told of every run that has ended, calls of a batch included; must not throw. */
  readonly onEnded?: (report: RunReport) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a request is beside a program that was sent. */
export interface RunHow {
  /** The program is this intent's, compiled and checked before. */
  readonly intent?: Intent;
  /** It is a step of a batch, which has been admitted as a whole. */
  readonly isAdmitted?: boolean;
  /** It is one call of a tool and no program. */
  readonly isCall?: boolean;
  /** It is handed over ahead of its turn, in this place. */
  readonly place?: ChainPlace;
}

/** A lost run that had written nothing is started again this many times. */
const RETRIES_AFTER_LOSS = 1;

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #admission: Admission;
  readonly #seeds = new SeedSource();
  readonly #idempotent: IdempotentRuns;
  readonly #outcomes: Outcomes;
  #completed = 0;
  #failed = 0;
  /** Runs that were one plain call, made without a guest. */
  #plain = 0;
  #tokensSaved = 0;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#admission = new Admission(options.limits);
    this.#idempotent = new IdempotentRuns(options.store, options.log);
    this.#outcomes = new Outcomes({ ...options, hasContainers: Object.hasOwn(options.backends, CONTAINER_BACKEND) });
  }

  async execute(request: ExecuteRequest, context: RunContext, how: RunHow = {}): Promise<Outcome> {
    checkRequest(request, this.#options.checker !== undefined);
    const plan = planRun(request, this.#options.backends, this.#options.defaultBackend);
    const grants = grantsOf(request.grants, this.#options.grants);
    const run = (): Promise<RunResult> => this.#admitted({ request, context, ...plan, grants, how });
    const { idempotencyKey, tenant = DEFAULT_TENANT } = request;
    if (idempotencyKey === undefined) return (await run()).outcome;
    return this.#idempotent.once(idempotencyKey, tenant, request, context.signal, run);
  }

  /** Whether runs may be handed over ahead of their turn (`RunHow.place`) and still keep their order. */
  get chains(): boolean {
    return this.#options.backends[this.#options.defaultBackend]?.chains === true;
  }

  /** One call of a tool through the gate, without a guest: a step of a batch, which holds the place for it. */
  async callTool(
    server: string,
    tool: string,
    request: Omit<ExecuteRequest, 'code'>,
    context: RunContext,
  ): Promise<Outcome> {
    const { clock, blobs, redactor } = this.#options;
    const limits = lowerLimits(this.#options.limits, request.limits);
    const executionId = newExecutionId();
    const content = new RunContent(request.tenant ?? DEFAULT_TENANT, blobs, redactor);
    const whole: ExecuteRequest = { ...request, code: '' };
    const { context: asking, deadline } = pausing(context, () => clock.monotonicMs());
    const asked = { request: whole, context: asking, limits, executionId, content, nested: undefined };
    const gate = openGate(this.#options, { ...asked, grants: grantsOf(request.grants, this.#options.grants) });
    const plain = { server, tool, args: request.params ?? {}, raw: false };
    const hostCall = (call: HostCall): Promise<HostReply> => gate.hostCall(call);
    const run = { limits, signal: context.signal, hostCall, ...(deadline === undefined ? {} : { deadline }) };
    const end = await runPlainCall(plain, clock, run).finally(() => gate.close());
    const how = { isCall: true };
    const outcome = this.#outcomes.ofRun({ ...asked, queueMs: 0, program: NO_PROGRAM, gate, end, notes: [], how });
    this.#report(outcome, whole, NO_BACKEND);
    return outcome;
  }

  /** The outcome of what never ran. */
  refused(error: OptimizerError): Outcome {
    return this.#outcomes.refused(newExecutionId(), '', error, 0);
  }

  /** The same key, the same answer, for something that is not one program; `run` answers it as the value of an outcome. */
  once(key: string, request: ExecuteRequest, signal: AbortSignal, run: () => Promise<RunResult>): Promise<Outcome> {
    return this.#idempotent.once(key, request.tenant ?? DEFAULT_TENANT, request, signal, run);
  }

  stats(): Json {
    return {
      completed: this.#completed,
      failed: this.#failed,
      withoutGuest: this.#plain,
      inFlight: this.#admission.inFlight,
      queued: this.#admission.queued,
      tokensSaved: this.#tokensSaved,
    };
  }

  async #admitted(asked: Asked): Promise<RunResult> {
    const { context, how } = asked;
    const { clock } = this.#options;
    const executionId = newExecutionId();
    const queuedMs = clock.monotonicMs();
    if (!how.isAdmitted) {
      await this.admit(context.signal, () => context.onEvent({ type: 'state', executionId, state: 'queued' }));
    }
    const startedMs = clock.monotonicMs();
    try {
      const owner = sessionOf(asked);
      const work = (): Promise<RunResult> => this.#run(asked, executionId, clock.monotonicMs() - queuedMs);
      const result = owner ? await this.#options.sessions.alone(owner, context.signal, work) : await work();
      const { status, tokens } = result.outcome;
      if (status === 'completed') this.#completed++;
      else this.#failed++;
      this.#tokensSaved += tokens.saved;
      this.#report(result.outcome, asked.request, asked.backend.name);
      context.onEvent({ type: 'state', executionId, state: status });
      return result;
    } finally {
      if (!how.isAdmitted) this.leave(clock.monotonicMs() - startedMs);
    }
  }

  /** Takes a place for a run or a whole batch; `leave` must follow once. Rejects with `limit.queue` or `request.cancelled`. */
  admit(signal: AbortSignal, onQueued: () => void): Promise<void> {
    const waitingBefore = this.#admission.queued;
    const place = this.#admission.enter(signal);
    if (this.#admission.queued > waitingBefore) onQueued();
    return place;
  }

  leave(tookMs: number): void {
    this.#admission.leave(tookMs);
  }

  async #run(about: Asked, executionId: ExecutionId, queueMs: number): Promise<RunResult> {
    const { context, backend, container, grants, how } = about;
    const { redactor, sessions, clock } = this.#options;
    const owner = sessionOf(about);
    const open = owner && (await sessions.open(owner, backend));
    // What a session holds is stored, and no secret ever is.
    const request = open ? redactedRequest(about.request, redactor) : about.request;
    const limits = lowerLimits({ ...this.#options.limits, ...backend.ceilings }, request.limits);
    const variables = open && (open.stored?.names ?? []);
    const { intent } = how;
    const { signal } = context;
    const unprepared = { request, container, intent, limits, grants, variables, signal };
    const prepared = await prepareProgram(this.#options, unprepared);
    if (prepared.refusal !== undefined) {
      return { outcome: this.#outcomes.refused(executionId, request.code, prepared.refusal, queueMs), ran: false };
    }
    const { program, notes } = prepared;
    context.onEvent({ type: 'state', executionId, state: 'running' });
    const isDirect = context.plainCallsDirect === true && open === undefined && container === undefined;
    const plain = isDirect ? plainCallOf(program, grants, limits) : undefined;
    if (plain !== undefined) this.#plain++;
    for (let attempt = 0; ; attempt++) {
      const content = new RunContent(request.tenant ?? DEFAULT_TENANT, this.#options.blobs, redactor);
      const nested = this.#nested(request, executionId, limits, grants);
      const paused = pausing(context, () => clock.monotonicMs());
      const gate = openGate(this.#options, { request, ...paused, limits, executionId, grants, content, nested });
      const run = plain === undefined ? backend.run.bind(backend) : runPlainCall.bind(undefined, plain, clock);
      await how.place?.turn;
      const running = run({
        executionId,
        tenant: request.tenant ?? DEFAULT_TENANT,
        source: program.source,
        paramsText: JSON.stringify(request.params ?? {}),
        grants,
        limits,
        seed: this.#seeds.next(),
        signal: context.signal,
        ...(paused.deadline === undefined ? {} : { deadline: paused.deadline }),
        alone: attempt > 0,
        ...(how.place === undefined ? {} : { chain: how.place.chain }),
        ...(open ? { session: sessions.start(open) } : {}),
        ...(container ? { container } : {}),
        hostCall: (call) => gate.hostCall(call),
        onLog: ({ level, text }) => context.onEvent({ type: 'console', executionId, level, text: redactor.text(text) }),
      });
      how.place?.pass();
      const end = await running.finally(() => gate.close());
      const lost = end.failure?.code === 'sandbox.lost' && !context.signal.aborted;
      if (lost && attempt < RETRIES_AFTER_LOSS && !gate.journal.wrote) continue;
      const unkept = open && (await sessions.settle(open, end));
      return {
        outcome: this.#outcomes.ofRun({
          request,
          context,
          limits,
          executionId,
          queueMs,
          program,
          gate,
          content,
          nested,
          end,
          notes,
          how,
          unkept,
          container,
        }),
        ran: true,
      };
    }
  }

  #report(outcome: Outcome, { tenant = DEFAULT_TENANT, session }: ExecuteRequest, backend: string): void {
    const { onEnded, clock } = this.#options;
    onEnded?.(reportOf(outcome, { tenant, session, backend, endedAtMs: clock.nowMs() }));
  }

  /** For the intents that the run calls. They are TypeScript, whatever runs the program itself. */
  #nested(
    { tenant = DEFAULT_TENANT }: ExecuteRequest,
    executionId: ExecutionId,
    limits: Limits,
    grants: readonly string[],
  ): NestedRuns | undefined {
    const { intents: source, backends, defaultBackend } = this.#options;
    const backend = backends[defaultBackend];
    if (source === undefined || backend === undefined) return undefined;
    const nextSeed = (): Seed => this.#seeds.next();
    return new NestedRuns({ source, backend, executionId, tenant, limits, grants, nextSeed });
  }
}

/** A request that has been looked at, and where and with what it runs. */
interface Asked {
  readonly request: ExecuteRequest;
  readonly context: RunContext;
  readonly backend: SandboxBackend;
  readonly container: ContainerWork | undefined;
  readonly grants: readonly string[];
  readonly how: RunHow;
}

/** The session whose variables the run goes on with; an intent has no variables beyond its own. */
function sessionOf({ request, how }: Asked): SessionOwner | undefined {
  const { session, tenant = DEFAULT_TENANT } = request;
  return session === undefined || how.intent !== undefined ? undefined : { tenant, session };
}

function redactedRequest(request: ExecuteRequest, redactor: Redactor): ExecuteRequest {
  const { code, params } = request;
  return {
    ...request,
    code: redactor.text(code),
    ...(params === undefined ? {} : { params: redactor.json(params) as JsonObject }),
  };
}

/** What runs a call of a tool without a program. */
const NO_BACKEND = 'none';

const NO_PROGRAM: NormalizedProgram = { source: '', javascript: '', lines: 1, insertions: [] };
