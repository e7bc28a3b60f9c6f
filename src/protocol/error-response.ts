/**
 * The one place that turns an error into a JSON-RPC error. Last step of a request that has no outcome.
 * Decision: only an `OptimizerError` speaks for itself. Anything else is a fault of ours: its text goes to the log under a
 * correlation id, and the caller gets a fixed sentence with that id, never a stack, a path or a foreign message.
 */
import { ERROR_TABLE, OptimizerError } from '../core/errors.ts';
import { newCorrelationId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Log } from '../telemetry/log.ts';
import type { RpcErrorBody } from './json-rpc.ts';

/** `method` names the request in the log. */
export function toErrorBody(error: unknown, method: string, log: Log): RpcErrorBody {
  if (error instanceof OptimizerError && error.kind !== 'internal') return knownError(error);
  const correlationId = newCorrelationId();
  log.error({ correlationId, method, err: error }, 'internal error');
  return {
    code: ERROR_TABLE['internal.error'].rpc,
    message: `Internal error; the log has the reason under correlation id ${correlationId}.`,
    data: {
      code: 'internal.error',
      kind: 'internal',
      hint: ERROR_TABLE['internal.error'].remedy,
      retryable: false,
      correlationId,
    },
  };
}

function knownError(error: OptimizerError): RpcErrorBody {
  const { code, kind, retryable, hint = ERROR_TABLE[code].remedy } = error;
  const data: JsonObject = { ...error.data, code, kind, retryable, hint };
  return { code: ERROR_TABLE[error.code].rpc, message: error.message, data };
}
