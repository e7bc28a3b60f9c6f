/**
 * From a call's text to the host function of `wit/` and back: arguments checked, result checked, errors reduced to the
 * declared record. Used by the worker for what it serves itself.
 */
import { OptimizerError } from '../core/errors.ts';
import { BoundaryError } from './boundary-error.ts';
import { checkArguments, checkHostError, checkResult } from './generated/validators.ts';
import { HostFailure, hostFailure } from './host-failure.ts';

export interface DispatchReply {
  readonly ok: boolean;
  /** JSON text: the value, or the error record. */
  readonly text: string;
}

/** Host objects by interface name; functions by their name on the wire. */
export type HostObjects = Readonly<Record<string, object>>;

/** Answers a call at once. `undefined` when nothing of that name is served here. */
export function dispatchNow(
  objects: HostObjects,
  interfaceName: string,
  functionName: string,
  argumentsText: string,
): DispatchReply | undefined {
  const target = functionIn(objects, interfaceName, functionName);
  if (!target) return undefined;
  try {
    const args = checkArguments(interfaceName, functionName, JSON.parse(argumentsText));
    return replyOf(interfaceName, functionName, target(...args));
  } catch (error) {
    return refusalOf(error);
  }
}

/** Starts a call and answers later; never rejects. `undefined` when nothing of that name is served here. */
export function dispatchLater(
  objects: HostObjects,
  interfaceName: string,
  functionName: string,
  argumentsText: string,
): Promise<DispatchReply> | undefined {
  const target = functionIn(objects, interfaceName, functionName);
  if (!target) return undefined;
  return (async () => {
    try {
      const args = checkArguments(interfaceName, functionName, JSON.parse(argumentsText));
      return replyOf(interfaceName, functionName, await target(...args));
    } catch (error) {
      return refusalOf(error);
    }
  })();
}

function functionIn(
  objects: HostObjects,
  interfaceName: string,
  functionName: string,
): ((...args: unknown[]) => unknown) | undefined {
  // What every object has is no function of an interface.
  if (functionName in Object.prototype) return undefined;
  const object = Object.hasOwn(objects, interfaceName) ? objects[interfaceName] : undefined;
  const member = object && (object as Record<string, unknown>)[functionName];
  return typeof member === 'function' ? (member.bind(object) as (...args: unknown[]) => unknown) : undefined;
}

function replyOf(interfaceName: string, functionName: string, value: unknown): DispatchReply {
  return { ok: true, text: JSON.stringify(checkResult(interfaceName, functionName, value)) };
}

function refusalOf(error: unknown): DispatchReply {
  return { ok: false, text: JSON.stringify(checkHostError(recordOf(error))) };
}

function recordOf(error: unknown): HostFailure['record'] {
  if (error instanceof HostFailure) return error.record;
  if (error instanceof BoundaryError || error instanceof OptimizerError) return hostFailure(error).record;
  return {
    code: 'internal.error',
    kind: 'internal',
    message: 'an internal failure of the host',
    retryable: false,
    issues: [],
  };
}
