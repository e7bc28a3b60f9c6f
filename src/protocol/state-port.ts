/** What the protocol needs of the state that callers own: the context and the sessions of a tenant. `app` hands it in. */
import type { Json } from '../core/json.ts';
import type { ContextEntry, ContextListed } from '../state/context.ts';
import type { Owner } from '../state/owner.ts';
import type { SessionFacts, SessionOwner } from '../state/sessions.ts';

export interface ContextWrite {
  readonly key: string;
  readonly value: Json;
  readonly ttlMs?: number | undefined;
  readonly ifVersion?: number | undefined;
}

/** Everything rejects with `state.unavailable` when the store is away. */
export interface StatePort {
  contextGet(owner: Owner, key: string): Promise<ContextEntry | undefined>;
  /** Rejects with `limit.context` and `state.conflict`. */
  contextSet(owner: Owner, write: ContextWrite): Promise<{ readonly version: number }>;
  contextDelete(owner: Owner, key: string): Promise<boolean>;
  contextList(owner: Owner, prefix: string | undefined): Promise<readonly ContextListed[]>;
  /** Answers how many entries there were. */
  contextClear(owner: Owner): Promise<number>;
  sessionList(tenant: string): Promise<readonly SessionFacts[]>;
  sessionGet(owner: SessionOwner): Promise<SessionFacts | undefined>;
  /** With its context; waits for a run that is under way in it. Answers whether there was anything. */
  sessionDelete(owner: SessionOwner, signal: AbortSignal): Promise<boolean>;
}
