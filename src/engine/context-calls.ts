/**
 * The host side of `context` for one run: a call that the gate has let through becomes one operation on the values of the
 * run's session, or of its tenant. A write is noted in the run's journal before it is made: a lost run that has counted
 * something up is not simply started again.
 */
import { OptimizerError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { Limits } from '../sandbox/limits.ts';
import type { ContextValues } from '../state/context.ts';
import type { Owner } from '../state/owner.ts';
import { DEPTH_MAX, isTooDeep } from './depth.ts';
import type { ServeCapability } from './gate.ts';

export interface ContextCallsOptions {
  readonly values: ContextValues;
  readonly owner: Owner;
  readonly limits: Limits;
  /** No secret of the config is ever stored. */
  readonly redactor: Redactor;
  /** Called before a write is made. */
  onWrite(): void;
}

/** One run may make as many calls of its context as of tools: a loop over either must end. */
export function serveContext({ values, owner, limits, redactor, onWrite }: ContextCallsOptions): ServeCapability {
  let calls = 0;
  return async (functionName, args) => {
    if (++calls > limits.calls) {
      throw new OptimizerError(
        'limit.calls',
        `the run has made its ${limits.calls} calls of \`context\` (limit \`calls\`)`,
      );
    }
    const key = args[0] as string;
    const optional = (index: number): number | undefined => (args[index] ?? undefined) as number | undefined;
    switch (functionName) {
      case 'get':
        return ((await values.get(owner, redactor.text(key))) ?? null) as Json;
      case 'set': {
        refuseDeepValue(args[1] as Json);
        onWrite();
        const options = { ttlMs: optional(2), ifVersion: optional(3) };
        return values.set(owner, redactor.text(key), redactor.json(args[1] as Json), options, limits);
      }
      case 'increment': {
        onWrite();
        return values.increment(owner, redactor.text(key), args[1] as number, { ttlMs: optional(2) }, limits);
      }
      case 'delete':
        onWrite();
        return values.delete(owner, redactor.text(key));
      default:
        return (await values.list(owner, (args[0] ?? '') as string)) as unknown as Json;
    }
  };
}

/** Throws `limit.argument` for a value that could not be written as text. */
export function refuseDeepValue(value: Json): void {
  if (!isTooDeep(value)) return;
  throw new OptimizerError('limit.argument', `the value is nested more than ${DEPTH_MAX} levels deep`);
}
