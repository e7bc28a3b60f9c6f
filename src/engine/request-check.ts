/**
 * What is refused of a request before there is a run: parameters that this version does not serve, limits that are none,
 * `params` that no guest could take. Each throws `request.params`, or `sandbox.unavailable`, with the path of the parameter.
 */
import { OptimizerError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { LIMITS } from '../sandbox/limits.ts';
import { DEPTH_MAX, isTooDeep } from './depth.ts';
import type { ExecuteRequest } from './request.ts';

export function checkRequest(request: ExecuteRequest, canCheck: boolean): void {
  refuseUnfinished(request, canCheck);
  checkLimits(request.limits);
  refuseDeepParams(request.params);
}

/** Parameters of the contract that this version does not serve are refused, never ignored. */
function refuseUnfinished(request: ExecuteRequest, canCheck: boolean): void {
  const refuse = (name: string, hint: string): never => {
    throw new OptimizerError('request.params', `${name}: this version does not have it yet`, {
      hint,
      data: { path: name },
    });
  };
  if (request.record === true) refuse('record', 'Leave `record` out.');
  if ((request.check ?? 'off') !== 'off' && !canCheck) refuse('check', 'Leave `check` out, or send "off".');
}

/** A request may lower limits; one above the ceiling is the ceiling. What is no limit is refused. */
function checkLimits(limits: ExecuteRequest['limits'] = {}): void {
  for (const [name, value] of Object.entries(limits)) {
    const path = `limits.${name}`;
    if (!Object.hasOwn(LIMITS, name)) {
      const close = nearest(name, Object.keys(LIMITS));
      const hint = `Limits: ${Object.keys(LIMITS).join(', ')}.`;
      throw new OptimizerError('request.params', `${path}: there is no such limit`, {
        hint,
        data: { path, nearest: close },
      });
    }
    if (value !== undefined && !(Number.isFinite(value) && value >= 0)) {
      throw new OptimizerError('request.params', `${path}: expected a number from 0, got ${String(value)}`, {
        data: { path },
      });
    }
  }
}

function refuseDeepParams(params: ExecuteRequest['params']): void {
  if (params === undefined || !isTooDeep(params)) return;
  throw new OptimizerError('request.params', `params: nested more than ${DEPTH_MAX} levels deep`, {
    data: { path: 'params' },
  });
}
