/** `optimizer/context.*` and `optimizer/sessions.*`: what they take and give. */
import type { JsonObject } from '../core/json.ts';
import { type MethodSchema, NAME, type ParamsSchema, params, record, text, whole } from './schema-parts.ts';

const session: ParamsSchema = {
  ...NAME,
  description: 'The context of this session; without it that of the tenant.',
};
const key: ParamsSchema = { ...NAME, description: 'Which value.' };
const version: JsonObject = { type: 'integer', minimum: 1 };
const expiresAt: JsonObject = { type: 'string', description: 'ISO 8601; absent: kept until it is deleted.' };
const entry = record({ value: true, version, expiresAt }, ['value', 'version']);
const listed = record({ key: text, bytes: whole, version, expiresAt }, ['key', 'bytes', 'version']);
const sessionFacts = record({
  session: text,
  bytes: { ...whole, description: 'What it takes in the store.' },
  createdAt: text,
  lastUsedAt: text,
  expiresAt: text,
});
const named = params({ session: NAME }, ['session']);

export const STATE_SCHEMAS = {
  'optimizer/context.get': {
    params: params({ key, session }, ['key']),
    result: { oneOf: [entry, { type: 'null' }] },
  },
  'optimizer/context.set': {
    params: params(
      {
        key,
        value: { description: 'Any JSON value.' },
        ttlMs: { type: 'integer', minimum: 1, description: 'Milliseconds until it is gone.' },
        ifVersion: { type: 'integer', minimum: 0, description: 'The version it must have; 0 = it must be new.' },
        session,
      },
      ['key', 'value'],
    ),
    result: record({ version }),
  },
  'optimizer/context.delete': {
    params: params({ key, session }, ['key']),
    result: record({ deleted: { type: 'boolean' } }),
  },
  'optimizer/context.list': {
    params: params({ prefix: { type: 'string', maxLength: 200 }, session }),
    result: record({ keys: { type: 'array', items: listed } }),
  },
  'optimizer/context.clear': { params: params({ session }), result: record({ deleted: whole }) },
  'optimizer/sessions.list': {
    params: params({}),
    result: record({ sessions: { type: 'array', items: sessionFacts } }),
  },
  'optimizer/sessions.get': { params: named, result: sessionFacts },
  'optimizer/sessions.delete': { params: named, result: record({ deleted: { type: 'boolean' } }) },
} as const satisfies Record<string, MethodSchema>;
