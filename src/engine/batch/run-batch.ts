/**
 * A batch: many steps under one admission and one deadline. Answers what became of every step, also of those that never
 * ran, and in an atomic batch what was undone.
 *
 *   plan ─▶ admit ─▶ steps in order, or all that wait for nothing at once ─▶ undo in reverse (atomic, after a failure)
 *
 * Decisions: without `atomic` a failure stops only the steps that need the failed one. A step of a tool goes through the
 * gate without a guest. A compensation runs under a signal of its own, because a cancelled batch must still be undone.
 */
import type { Clock } from '../../core/clock.ts';
import { OptimizerError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { LimitName, Limits } from '../../sandbox/limits.ts';
import type { Outcome, OutcomeError } from '../outcome.ts';
import type { CheckMode, ExecuteRequest, RunContext } from '../request.ts';
import { Turnstile } from '../turnstile.ts';
import { type BatchStep, type PlannedStep, type PlannedWork, planBatch } from './plan.ts';
import { resolveReferences } from './references.ts';
import { type ChainPlace, StepChain } from './step-chain.ts';

/** Programs that are handed over ahead of their turn. */
const AHEAD_MAX = 32;

export interface BatchRequest {
  readonly steps: readonly BatchStep[];
  /** Stops at the first failure and undoes what was written. */
  readonly atomic?: boolean;
  /** Runs steps that do not need each other at the same time. */
  readonly parallel?: boolean;
  readonly session?: string;
  readonly tenant?: string;
  readonly readOnly?: boolean;
  readonly grants?: readonly string[];
  /** Of each step; `batchSteps` and `batchWallMs` of the whole. */
  readonly limits?: Partial<Record<LimitName, number>>;
  readonly check?: CheckMode;
  readonly idempotencyKey?: string;
}

export type StepOutcome = Outcome & { readonly id: string };

/** `completed`: undone. `failed`: the undoing failed. `none`: it stays, because nothing undoes it. */
export interface Compensation {
  readonly id: string;
  readonly status: 'completed' | 'failed' | 'none';
  readonly error?: OutcomeError;
}

export interface BatchResult {
  readonly status: 'completed' | 'failed';
  readonly steps: readonly StepOutcome[];
  /** Of an atomic batch that failed: every step that wrote, the last one first. */
  readonly compensated?: readonly Compensation[];
}

/** What a step asks of the rest of the engine. Each answers an outcome, or rejects when there is none. */
export interface BatchRunner {
  /** Whether programs may be handed over ahead of their turn. */
  readonly chains: boolean;
  runCode(request: ExecuteRequest, context: RunContext, place?: ChainPlace): Promise<Outcome>;
  runIntent(
    intent: string,
    request: Omit<ExecuteRequest, 'code'>,
    context: RunContext,
    place?: ChainPlace,
  ): Promise<Outcome>;
  callTool(server: string, tool: string, request: Omit<ExecuteRequest, 'code'>, context: RunContext): Promise<Outcome>;
  /** An outcome of a step that never ran. */
  refused(error: OptimizerError): Outcome;
  /** The whole of a value that was cut. */
  load(tenant: string | undefined, handle: string): Json;
}

export interface BatchOptions {
  readonly runner: BatchRunner;
  readonly limits: Limits;
  readonly clock: Clock;
}

/** Runs a planned batch whose place has been taken. Never rejects but for a fault of ours. */
export class Batch {
  readonly #options: BatchOptions;
  readonly #request: BatchRequest;
  readonly #plan: readonly PlannedStep[];
  readonly #outcomes: Array<Outcome | undefined>;
  /** Places of the steps that completed, in the order in which they did. */
  readonly #completed: number[] = [];
  #stopped: OptimizerError | undefined;

  /** Throws `request.params` or `limit.batch` for a batch that cannot be planned. */
  constructor(request: BatchRequest, options: BatchOptions) {
    this.#options = options;
    this.#request = request;
    this.#plan = planBatch(request.steps, options.limits.batchSteps);
    this.#outcomes = this.#plan.map(() => undefined);
  }

  async run(context: RunContext): Promise<BatchResult> {
    const end = new AbortController();
    const onAbort = (): void => end.abort('the batch was cancelled');
    if (context.signal.aborted) onAbort();
    context.signal.addEventListener('abort', onAbort, { once: true });
    const { batchWallMs } = this.#options.limits;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      end.abort('the batch has reached its time');
    }, batchWallMs);
    try {
      const during: RunContext = { ...context, signal: end.signal };
      await (this.#request.parallel === true ? this.#runParallel(during) : this.#runInOrder(during));
    } finally {
      clearTimeout(timer);
      context.signal.removeEventListener('abort', onAbort);
    }
    if (isLate) this.#tellLate(batchWallMs);
    const steps = this.#plan.map(({ id }, index): StepOutcome => {
      const outcome = this.#outcomes[index] ?? this.#options.runner.refused(this.#whySkipped());
      return { id, ...outcome };
    });
    const status = steps.every((step) => step.status === 'completed') ? 'completed' : 'failed';
    if (status === 'completed' || this.#request.atomic !== true) return { status, steps };
    return { status, steps, compensated: await this.#undo(context) };
  }

  async #runInOrder(context: RunContext): Promise<void> {
    const { atomic, session } = this.#request;
    // What a step decides for the next one, its failure or the session's variables, is known only when it has ended.
    if (this.#options.runner.chains && atomic !== true && session === undefined) return this.#runAhead(context);
    for (const index of this.#plan.keys()) {
      if (this.#isOver(context)) return;
      await this.#runStep(index, context);
    }
  }

  /** In order as well: programs are handed to the sandbox before their turn, as far as their parameters are known. */
  async #runAhead(context: RunContext): Promise<void> {
    const chain = new StepChain();
    const underWay: Array<Promise<void>> = [];
    const faults: unknown[] = [];
    for (const [index, { work, needs }] of this.#plan.entries()) {
      const isOpen = needs.some((other) => this.#outcomes[other] === undefined);
      if (work.kind === 'tool' || isOpen) await Promise.all(underWay.splice(0));
      if (this.#isOver(context) || faults.length > 0) break;
      if (work.kind === 'tool') {
        await this.#runStep(index, context);
        continue;
      }
      const place = chain.next();
      const step = this.#runStep(index, context, place).catch((fault: unknown) => void faults.push(fault));
      underWay.push(step.finally(() => place.pass()));
      // By halves, so that many steps travel in one message while others still run.
      if (underWay.length >= AHEAD_MAX) await Promise.all(underWay.splice(0, AHEAD_MAX / 2));
    }
    await Promise.all(underWay);
    if (faults.length > 0) throw faults[0];
  }

  /** Each step starts when those that it needs have ended; `guestsInFlight` bounds how many run at once. */
  async #runParallel(context: RunContext): Promise<void> {
    const places = new Turnstile(this.#options.limits.guestsInFlight);
    const ends: Array<Promise<void>> = [];
    for (const [index, { needs }] of this.#plan.entries()) {
      const before = needs.map((other) => ends[other]);
      const run = async (): Promise<void> => {
        await Promise.all(before);
        await places.enter();
        try {
          if (!this.#isOver(context)) await this.#runStep(index, context);
        } finally {
          places.leave();
        }
      };
      ends.push(run());
    }
    await Promise.all(ends);
  }

  #isOver({ signal }: RunContext): boolean {
    if (signal.aborted) this.#stopped ??= new OptimizerError('request.skipped', 'the batch was ended before this step');
    return this.#stopped !== undefined;
  }

  async #runStep(index: number, context: RunContext, place?: ChainPlace): Promise<void> {
    const { id, work, needs } = this.#plan[index] as PlannedStep;
    const failed = needs.find((other) => this.#outcomes[other]?.status !== 'completed');
    const outcome =
      failed === undefined
        ? await this.#do(work, context, place)
        : this.#options.runner.refused(
            new OptimizerError(
              'request.skipped',
              `the step \`${id}\` did not run: it needs \`${this.#plan[failed]?.id}\`, which did not complete`,
            ),
          );
    // Cancelled before its turn: it has had no processor time, so it never ran.
    const neverBegan =
      place !== undefined && outcome.error?.code === 'request.cancelled' && outcome.usage.guestCpuMs === 0;
    if (neverBegan && this.#isOver(context)) return;
    this.#outcomes[index] = outcome;
    if (outcome.status === 'completed') this.#completed.push(index);
    else if (this.#request.atomic === true) {
      this.#stopped ??= new OptimizerError(
        'request.skipped',
        `the step did not run: the batch stopped when \`${id}\` failed`,
      );
    }
  }

  /** One piece of work; what cannot even start is an outcome here, because other steps go on. */
  async #do(work: PlannedWork, context: RunContext, place?: ChainPlace): Promise<Outcome> {
    const { runner } = this.#options;
    const { session, tenant, readOnly, grants, limits, check } = this.#request;
    try {
      const params = resolveReferences(work.params, `${work.at}.params`, (step) => this.#valueOf(step));
      const given = { session, tenant, readOnly, grants, limits, check };
      const shared = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const request: Omit<ExecuteRequest, 'code'> = { ...shared, params };
      switch (work.kind) {
        case 'code':
          return await runner.runCode({ ...request, code: work.code }, context, place);
        case 'intent':
          return await runner.runIntent(work.intent, request, context, place);
        case 'tool':
          return await runner.callTool(work.server, work.tool, request, context);
      }
    } catch (error) {
      if (error instanceof OptimizerError) return runner.refused(error);
      throw error;
    }
  }

  #valueOf(step: string): Json {
    const outcome = this.#outcomes[this.#plan.findIndex(({ id }) => id === step)];
    if (outcome?.truncated !== undefined)
      return this.#options.runner.load(this.#request.tenant, outcome.truncated.handle);
    return outcome?.value ?? null;
  }

  #whySkipped(): OptimizerError {
    return this.#stopped ?? new OptimizerError('request.skipped', 'the step did not run');
  }

  /** A step that was under way when the time of the batch was over has been cancelled by nobody else. */
  #tellLate(batchWallMs: number): void {
    const late = new OptimizerError(
      'limit.time',
      `the batch reached its time (limit \`batchWallMs\` = ${batchWallMs} ms)`,
    );
    for (const outcome of this.#outcomes) {
      if (outcome?.error?.code !== 'request.cancelled') continue;
      const { code, kind, message, hint, retryable } = { ...this.#options.runner.refused(late).error } as OutcomeError;
      outcome.error = { code, kind, message, ...(hint === undefined ? {} : { hint }), retryable };
    }
  }

  /** Undoes what completed and wrote, the last one first; tells of what stays. */
  async #undo({ onEvent }: RunContext): Promise<Compensation[]> {
    const told: Compensation[] = [];
    for (const [index, outcome] of this.#outcomes.entries()) {
      if (outcome === undefined || outcome.status === 'completed' || !mayHaveWritten(outcome)) continue;
      told.push({
        id: this.#plan[index]?.id as string,
        status: 'none',
        error: this.#stays('it failed after it may have written; see its `calls`'),
      });
    }
    for (const index of this.#completed.toReversed()) {
      const { id, compensate } = this.#plan[index] as PlannedStep;
      if (!mayHaveWritten(this.#outcomes[index] as Outcome)) continue;
      if (compensate === undefined) {
        told.push({ id, status: 'none', error: this.#stays('it declares no `compensate`') });
        continue;
      }
      const outcome = await this.#do(compensate, { signal: new AbortController().signal, onEvent });
      if (outcome.status === 'completed') told.push({ id, status: 'completed' });
      else told.push({ id, status: 'failed', ...(outcome.error === undefined ? {} : { error: outcome.error }) });
    }
    return told;
  }

  #stays(reason: string): OutcomeError {
    const { error } = this.#options.runner.refused(
      new OptimizerError('request.skipped', `what the step wrote stays: ${reason}`, {
        hint: 'Undo it by hand, if it must be undone.',
      }),
    );
    return error as OutcomeError;
  }
}

function mayHaveWritten({ calls }: Outcome): boolean {
  return calls.some(({ effect, status }) => effect === 'write' && status !== 'denied');
}
