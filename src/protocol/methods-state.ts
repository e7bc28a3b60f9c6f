/** Answers `optimizer/context.*` and `optimizer/sessions.*`; parameters have been checked by `schema-state.ts`. */
import { OptimizerError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { SessionOwner } from '../state/sessions.ts';
import type { EnginePort } from './engine-port.ts';
import type { Handler } from './handler.ts';
import type { STATE_SCHEMAS } from './schema-state.ts';
import type { StatePort } from './state-port.ts';

/** Requests without a tenant are of this one, as in the engine. */
const DEFAULT_TENANT = 'default';

export function stateHandlers(engine: EnginePort): Readonly<Record<keyof typeof STATE_SCHEMAS, Handler>> {
  const state = async (): Promise<StatePort> => engine.state();
  return {
    'optimizer/context.get': async (params) =>
      ((await (await state()).contextGet(ownerOf(params), params.key as string)) ?? null) as Json,
    'optimizer/context.set': async (params) => {
      const { key, value, ttlMs, ifVersion } = params as {
        key: string;
        value: Json;
        ttlMs?: number;
        ifVersion?: number;
      };
      return (await (await state()).contextSet(ownerOf(params), { key, value, ttlMs, ifVersion })) as Json;
    },
    'optimizer/context.delete': async (params) => ({
      deleted: await (await state()).contextDelete(ownerOf(params), params.key as string),
    }),
    'optimizer/context.list': async (params) => {
      const keys = await (await state()).contextList(ownerOf(params), params.prefix as string | undefined);
      return { keys: keys as unknown as Json };
    },
    'optimizer/context.clear': async (params) => ({ deleted: await (await state()).contextClear(ownerOf(params)) }),
    'optimizer/sessions.list': async (params) => {
      const sessions = await (await state()).sessionList(ownerOf(params).tenant);
      return { sessions: sessions as unknown as Json };
    },
    'optimizer/sessions.get': async (params) => {
      const owner = ownerOf(params) as SessionOwner;
      const found = await (await state()).sessionGet(owner);
      if (found !== undefined) return found as unknown as Json;
      throw new OptimizerError('state.missing', `there is no session \`${owner.session}\`, or it has expired`, {
        hint: 'A session begins with the first run that names it.',
        data: { session: owner.session },
      });
    },
    'optimizer/sessions.delete': async (params, { signal }) => ({
      deleted: await (await state()).sessionDelete(ownerOf(params) as SessionOwner, signal),
    }),
  };
}

function ownerOf({ tenant, session }: JsonObject): { tenant: string; session?: string } {
  return {
    tenant: (tenant as string | undefined) ?? DEFAULT_TENANT,
    ...(session === undefined ? {} : { session: session as string }),
  };
}
