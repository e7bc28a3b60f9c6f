/**
 * `optimizer/executeBatch`: takes one place for a whole batch, gives its steps what they need of the executor and of the
 * intents, and answers the same batch once for the same idempotency key.
 */
import type { Clock } from '../../core/clock.ts';
import type { OptimizerError } from '../../core/errors.ts';
import { canonicalJson, type Json, type JsonObject } from '../../core/json.ts';
import { type Limits, lowerLimits } from '../../sandbox/limits.ts';
import type { Executor, RunHow } from '../execute.ts';
import type { RunResult } from '../idempotency.ts';
import type { IntentRuns } from '../intents/intent-runs.ts';
import type { KeptValues } from '../kept-values.ts';
import type { Outcome } from '../outcome.ts';
import type { ExecuteRequest, RunContext } from '../request.ts';
import { Batch, type BatchRequest, type BatchResult, type BatchRunner } from './run-batch.ts';
import type { ChainPlace } from './step-chain.ts';

export interface BatchesOptions {
  readonly executor: Executor;
  readonly intents: IntentRuns;
  readonly kept: KeptValues;
  readonly limits: Limits;
  readonly clock: Clock;
}

const DEFAULT_TENANT = 'default';

export class Batches implements BatchRunner {
  readonly #options: BatchesOptions;

  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /**
   * Rejects when nothing ran: `request.params` or `limit.batch` for a batch that cannot be planned, `limit.queue`,
   * `request.cancelled` while it waited, `request.idempotencyConflict`.
   */
  async execute(request: BatchRequest, context: RunContext): Promise<BatchResult> {
    const limits = lowerLimits(this.#options.limits, request.limits);
    const batch = new Batch(request, { runner: this, limits, clock: this.#options.clock });
    const { idempotencyKey, tenant } = request;
    if (idempotencyKey === undefined) return await this.#admitted(batch, context);
    const { steps, atomic = false, parallel = false, session, readOnly } = request;
    const what = { code: canonicalJson({ steps, atomic, parallel }), session, tenant, readOnly };
    const asked = Object.fromEntries(Object.entries(what).filter(([, value]) => value !== undefined));
    const outcome = await this.#options.executor.once(
      idempotencyKey,
      asked as unknown as ExecuteRequest,
      context.signal,
      async () => this.#asRun(await this.#admitted(batch, context)),
    );
    return outcome.value as unknown as BatchResult;
  }

  get chains(): boolean {
    return this.#options.executor.chains;
  }

  runCode(request: ExecuteRequest, context: RunContext, place?: ChainPlace): Promise<Outcome> {
    return this.#options.executor.execute(request, context, howOf(place));
  }

  runIntent(
    intent: string,
    request: Omit<ExecuteRequest, 'code'>,
    context: RunContext,
    place?: ChainPlace,
  ): Promise<Outcome> {
    return this.#options.intents.execute({ ...request, intent }, context, howOf(place));
  }

  callTool(server: string, tool: string, request: Omit<ExecuteRequest, 'code'>, context: RunContext): Promise<Outcome> {
    return this.#options.executor.callTool(server, tool, request, context);
  }

  refused(error: OptimizerError): Outcome {
    return this.#options.executor.refused(error);
  }

  load(tenant: string | undefined, handle: string): Json {
    return JSON.parse(this.#options.kept.load(tenant ?? DEFAULT_TENANT, handle)) as Json;
  }

  async #admitted(batch: Batch, context: RunContext): Promise<BatchResult> {
    const { executor, clock } = this.#options;
    await executor.admit(context.signal, () => undefined);
    const startedMs = clock.monotonicMs();
    try {
      return await batch.run(context);
    } finally {
      executor.leave(clock.monotonicMs() - startedMs);
    }
  }

  /**
   * As the keeper of outcomes knows a run: the batch is the value, its calls are those of all steps, and the first failure
   * decides whether the same batch may simply be tried again.
   */
  #asRun(result: BatchResult): RunResult {
    const [first] = result.steps;
    const { error: _error, ...shape } = { ...(first as Outcome) };
    const failed = result.steps.find(({ error }) => error !== undefined)?.error;
    const outcome: Outcome = {
      ...shape,
      status: result.status,
      value: result as unknown as JsonObject,
      calls: result.steps.flatMap(({ calls }) => calls),
      ...(failed === undefined ? {} : { error: failed }),
    };
    return { outcome, ran: true };
  }
}

function howOf(place: ChainPlace | undefined): RunHow {
  return place === undefined ? { isAdmitted: true } : { isAdmitted: true, place };
}
