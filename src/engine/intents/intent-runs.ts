/**
 * One intent as a run of its own: the right one is found, its parameters are checked, and its compiled program goes the
 * way of every run. What `optimizer/executeIntent`, the command line and the steps of a batch share.
 */
import type { Executor, RunHow } from '../execute.ts';
import type { Outcome } from '../outcome.ts';
import { DEFAULT_TENANT, type ExecuteRequest, type RunContext } from '../request.ts';
import { checkParams } from './intent.ts';
import type { IntentLibrary } from './intent-library.ts';

/** As a program is asked for, with an intent in the place of the code. */
export interface IntentRequest extends Omit<ExecuteRequest, 'code'> {
  /** Name, alias or plain words. */
  readonly intent: string;
}

export class IntentRuns {
  readonly #executor: Executor;
  readonly #library: Pick<IntentLibrary, 'route'>;

  constructor(executor: Executor, library: Pick<IntentLibrary, 'route'>) {
    this.#executor = executor;
    this.#library = library;
  }

  /** Rejects with `request.intent` or `request.params` when nothing ran, and as `Executor.execute` does. */
  async execute({ intent: asked, ...request }: IntentRequest, context: RunContext, how: RunHow = {}): Promise<Outcome> {
    const intent = await this.#library.route(request.tenant ?? DEFAULT_TENANT, asked);
    const { params = {} } = request;
    checkParams(intent, params);
    const readOnly = request.readOnly === true || intent.effect === 'read';
    return await this.#executor.execute({ ...request, code: intent.code, params, readOnly }, context, {
      ...how,
      intent,
    });
  }
}
