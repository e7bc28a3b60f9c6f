/** What answers one `optimizer/*` method. `methods.ts` has the table, its neighbours the handlers of one noun each. */
import type { Json, JsonObject } from '../core/json.ts';
import type { RunContext } from '../engine/request.ts';

/** The parameters have been checked against the method's schema. Rejects with an `OptimizerError`. */
export type Handler = (params: JsonObject, context: RunContext) => Promise<Json>;
