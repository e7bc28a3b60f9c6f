/** What a caller may say of one run, and how it becomes what the engine takes. */
import type { JsonObject } from '../core/json.ts';
import type { ExecuteRequest, RunContext, RunEvent } from '../engine/request.ts';

/** Everything of `optimizer/execute` but the program, and what only a caller in the same process can hand over. */
export interface RunOptions extends Omit<ExecuteRequest, 'code' | 'params'> {
  readonly params?: JsonObject;
  /** Cancels the run, which then ends as `request.cancelled`. */
  readonly signal?: AbortSignal;
  /** Is told of states, console lines and progress while the run is under way. Must not throw. */
  onEvent?(event: RunEvent): void;
}

export function splitOptions(
  { signal, onEvent, ...request }: RunOptions,
  how: Pick<RunContext, 'plainCallsDirect'> = {},
): { request: Omit<ExecuteRequest, 'code'>; context: RunContext } {
  const context: RunContext = {
    signal: signal ?? new AbortController().signal,
    onEvent: onEvent ?? (() => {}),
    audience: 'program',
    ...how,
  };
  return { request, context };
}
