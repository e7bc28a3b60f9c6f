/** What the protocol needs of intents and batches; `app` hands it in. Everything rejects with an `OptimizerError`. */
import type { BatchRequest, BatchResult } from '../engine/batch/run-batch.ts';
import type { Intent } from '../engine/intents/intent.ts';
import type { SaveRequest } from '../engine/intents/intent-library.ts';
import type { IntentRequest } from '../engine/intents/intent-runs.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { RunContext } from '../engine/request.ts';

/** An intent as a list shows it. */
export type IntentFacts = Pick<Intent, 'name' | 'description' | 'params' | 'effect' | 'aliases' | 'source'>;

export interface IntentsPort {
  /** Rejects with `request.intent` when it is not clear which one is meant. */
  executeIntent(request: IntentRequest, context: RunContext): Promise<Outcome>;
  executeBatch(request: BatchRequest, context: RunContext): Promise<BatchResult>;
  list(tenant: string): Promise<readonly IntentFacts[]>;
  save(tenant: string, request: SaveRequest): Promise<{ name: string }>;
  delete(tenant: string, name: string): Promise<{ name: string }>;
}
