/** Answers `optimizer/executeIntent`, `executeBatch` and `intents.*`; parameters have been checked by `schema-intents.ts`. */
import { OptimizerError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { BatchRequest, BatchResult } from '../engine/batch/run-batch.ts';
import type { SaveRequest } from '../engine/intents/intent-library.ts';
import type { IntentRequest } from '../engine/intents/intent-runs.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { Handler } from './handler.ts';
import type { IntentsPort } from './intents-port.ts';
import type { IntentMethod } from './schema-intents.ts';

const DEFAULT_TENANT = 'default';

export function intentHandlers(
  engine: { intents(): IntentsPort | Promise<IntentsPort> },
  outcomeAnswer: (outcome: Outcome) => Json,
): Readonly<Record<IntentMethod, Handler>> {
  return {
    'optimizer/executeIntent': async (params, context) => {
      const intents = await engine.intents();
      return outcomeAnswer(await intents.executeIntent(asked(params) as unknown as IntentRequest, context));
    },
    'optimizer/executeBatch': async (params, context) => {
      const intents = await engine.intents();
      const result = await intents.executeBatch(asked(params) as unknown as BatchRequest, context);
      if (context.signal.aborted) throw cancelled(result);
      return result as unknown as Json;
    },
    'optimizer/intents.list': async (params) => ({
      intents: (await (await engine.intents()).list(tenantOf(params))) as unknown as Json,
    }),
    'optimizer/intents.save': async (params) => {
      const { tenant: _tenant, _meta, ...request } = params;
      return (await (await engine.intents()).save(tenantOf(params), request as unknown as SaveRequest)) as JsonObject;
    },
    'optimizer/intents.delete': async (params) =>
      (await (await engine.intents()).delete(tenantOf(params), params.name as string)) as JsonObject,
  };
}

function tenantOf({ tenant }: JsonObject): string {
  return (tenant as string | undefined) ?? DEFAULT_TENANT;
}

function asked(params: JsonObject): JsonObject {
  const { events: _events, _meta, ...request } = params;
  return request;
}

/** What took effect before the cancel, and what of it was undone, is told all the same. */
function cancelled({ steps, compensated }: BatchResult): OptimizerError {
  const calls = steps.flatMap((step) => step.calls);
  return new OptimizerError('request.cancelled', 'The batch was cancelled.', {
    data: {
      calls: calls as unknown as Json,
      steps: steps.map(({ id, status, executionId }) => ({ id, status, executionId })),
      ...(compensated === undefined ? {} : { compensated: compensated as unknown as Json }),
    },
  });
}
