/** Context and sessions, built over the store, and as the protocol asks for them: names and values pass the redactor. */
import type { Config } from '../config/config.ts';
import { systemClock } from '../core/clock.ts';
import { refuseDeepValue } from '../engine/context-calls.ts';
import { SessionRuns } from '../engine/session-runs.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { ContextWrite, StatePort } from '../protocol/state-port.ts';
import { type ContextEntry, type ContextLimits, type ContextListed, ContextValues } from '../state/context.ts';
import type { Owner } from '../state/owner.ts';
import { type SessionFacts, type SessionOwner, SessionStore } from '../state/sessions.ts';
import type { Store } from '../state/store.ts';

export interface EngineStateParts {
  readonly context: ContextValues;
  readonly sessions: SessionRuns;
  readonly limits: ContextLimits;
  readonly redactor: Redactor;
}

/** Everything that belongs to tenants and their sessions. */
export function openEngineState(
  config: Config,
  store: Store,
  redactor: Redactor,
): { context: ContextValues; sessions: SessionRuns; owned: EngineState } {
  const { limits } = config;
  const { ttlMs, maxBytes } = config.sessions;
  const context = new ContextValues(store, ttlMs);
  const kept = new SessionStore({ store, clock: systemClock, ttlMs, sessionsMax: limits.sessions });
  const sessions = new SessionRuns({ store: kept, maxBytes });
  return { context, sessions, owned: new EngineState({ context, sessions, limits, redactor }) };
}

export class EngineState implements StatePort {
  readonly #parts: EngineStateParts;

  constructor(parts: EngineStateParts) {
    this.#parts = parts;
  }

  contextGet(owner: Owner, key: string): Promise<ContextEntry | undefined> {
    return this.#parts.context.get(owner, this.#name(key));
  }

  async contextSet(owner: Owner, { key, value, ttlMs, ifVersion }: ContextWrite): Promise<{ version: number }> {
    refuseDeepValue(value);
    const { context, limits, redactor } = this.#parts;
    return context.set(owner, this.#name(key), redactor.json(value), { ttlMs, ifVersion }, limits);
  }

  contextDelete(owner: Owner, key: string): Promise<boolean> {
    return this.#parts.context.delete(owner, this.#name(key));
  }

  contextList(owner: Owner, prefix: string | undefined): Promise<readonly ContextListed[]> {
    return this.#parts.context.list(owner, prefix);
  }

  contextClear(owner: Owner): Promise<number> {
    return this.#parts.context.clear(owner);
  }

  sessionList(tenant: string): Promise<readonly SessionFacts[]> {
    return this.#parts.sessions.store.list(tenant);
  }

  sessionGet(owner: SessionOwner): Promise<SessionFacts | undefined> {
    return this.#parts.sessions.store.get(owner);
  }

  sessionDelete(owner: SessionOwner, signal: AbortSignal): Promise<boolean> {
    return this.#parts.sessions.alone(owner, signal, () => this.#parts.sessions.store.delete(owner));
  }

  #name(key: string): string {
    return this.#parts.redactor.text(key);
  }
}
