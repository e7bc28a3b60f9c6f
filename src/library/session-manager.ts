/**
 * Sessions as objects: made, found again, ended. A session is what the programs that name it share: their variables at
 * the top level and a context of its own. It needs no creation; creating one picks a name that nobody has, and starts its
 * time to live.
 */
import { randomUUID } from 'node:crypto';
import { OptimizerError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { SessionFacts } from '../state/sessions.ts';
import { House, type HouseOptions } from './house.ts';
import { type RunOptions, splitOptions } from './run-options.ts';

export interface SessionManagerOptions extends HouseOptions {
  /** A session goes so long after its last run. Default: the config's `sessions.ttlMs`, 7 days. */
  readonly ttlMs?: number;
  /** What the variables of one session may take in the store, compressed. Default 8 MiB. */
  readonly maxBytes?: number;
}

export interface SessionPlace {
  /** Default `default`. */
  readonly tenant?: string;
}

const DEFAULT_TENANT = 'default';

/** Starts at the first call. Everything rejects with an `OptimizerError`. */
export class SessionManager {
  readonly #house: House;

  constructor({ ttlMs, maxBytes, ...options }: SessionManagerOptions = {}) {
    const sessions = {
      ...(ttlMs === undefined ? {} : { ttlMs }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    };
    this.#house = new House(options, Object.keys(sessions).length === 0 ? {} : { sessions });
  }

  /** A new session, with `context` as its first values. `name` must be free; without it one is made. */
  async create({
    tenant = DEFAULT_TENANT,
    name = randomUUID(),
    context = {},
  }: SessionPlace & {
    readonly name?: string;
    readonly context?: Readonly<Record<string, Json>>;
  } = {}): Promise<Session> {
    const { engine } = await this.#house.app();
    if ((await engine.state().sessionGet({ tenant, session: name })) !== undefined) {
      throw new OptimizerError('state.conflict', `there is a session \`${name.slice(0, 60)}\` already`, {
        hint: 'Use `get`, or another name.',
      });
    }
    const session = new SessionHandle(this.#house, tenant, name);
    const { error } = await session.execute('');
    if (error !== undefined) throw new OptimizerError(error.code, error.message);
    for (const [key, value] of Object.entries(context)) await session.set(key, value);
    return session;
  }

  /** The session, or undefined when there is none or its time is over. */
  async get(name: string, { tenant = DEFAULT_TENANT }: SessionPlace = {}): Promise<Session | undefined> {
    const { engine } = await this.#house.app();
    const facts = await engine.state().sessionGet({ tenant, session: name });
    return facts === undefined ? undefined : new SessionHandle(this.#house, tenant, name);
  }

  async list({ tenant = DEFAULT_TENANT }: SessionPlace = {}): Promise<readonly SessionFacts[]> {
    return (await this.#house.app()).engine.state().sessionList(tenant);
  }

  /** Variables and context. Answers whether there was anything. */
  async delete(name: string, { tenant = DEFAULT_TENANT }: SessionPlace = {}): Promise<boolean> {
    const { engine } = await this.#house.app();
    return engine.state().sessionDelete({ tenant, session: name }, new AbortController().signal);
  }

  /** The sessions stay where state is kept; those in memory are gone. */
  close(): Promise<void> {
    return this.#house.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A handle: it holds nothing, and several may stand for one session. */
export interface Session {
  readonly name: string;
  readonly tenant: string;
  /** Runs a program with the variables that earlier ones have left. One at a time, in the order of the calls. */
  execute(code: string, options?: Omit<RunOptions, 'session' | 'tenant'>): Promise<Outcome>;
  /** Size and times; undefined when it is gone. */
  facts(): Promise<SessionFacts | undefined>;
  /** A value of the session's context. */
  get(key: string): Promise<Json | undefined>;
  set(key: string, value: Json, options?: { readonly ttlMs?: number }): Promise<{ readonly version: number }>;
}

class SessionHandle implements Session {
  readonly name: string;
  readonly tenant: string;
  readonly #house: House;

  constructor(house: House, tenant: string, name: string) {
    this.#house = house;
    this.tenant = tenant;
    this.name = name;
  }

  async execute(code: string, options: Omit<RunOptions, 'session' | 'tenant'> = {}): Promise<Outcome> {
    const { engine } = await this.#house.app();
    const { request, context } = splitOptions(options);
    return engine.execute({ ...request, code, session: this.name, tenant: this.tenant }, context);
  }

  async facts(): Promise<SessionFacts | undefined> {
    return (await this.#house.app()).engine.state().sessionGet(this.#owner());
  }

  async get(key: string): Promise<Json | undefined> {
    return (await (await this.#house.app()).engine.state().contextGet(this.#owner(), key))?.value;
  }

  async set(
    key: string,
    value: Json,
    options: { readonly ttlMs?: number } = {},
  ): Promise<{ readonly version: number }> {
    return (await this.#house.app()).engine.state().contextSet(this.#owner(), { key, value, ...options });
  }

  #owner(): { tenant: string; session: string } {
    return { tenant: this.tenant, session: this.name };
  }
}
