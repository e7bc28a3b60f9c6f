/**
 * The words that the schemas of `optimizer/*` are written with: what parameters may be described by, what every method
 * takes, and the small shapes of results. `schema.ts` and its neighbours hold the methods themselves, one file per noun.
 */
import type { Json, JsonObject } from '../core/json.ts';

/** The part of JSON Schema 2020-12 that parameters are described with; `params.ts` knows exactly these keywords. */
export interface ParamsSchema {
  readonly type?: 'object' | 'array' | 'string' | 'boolean' | 'integer';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, ParamsSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: ParamsSchema;
  readonly maxItems?: number;
  readonly enum?: readonly Json[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** A name that a caller chooses: a tenant, a session, a key. */
export const NAME: ParamsSchema = { type: 'string', minLength: 1, maxLength: 200 };

/** Every method takes these two; `_meta` is MCP's place for a progress token. */
const COMMON: Readonly<Record<string, ParamsSchema>> = {
  tenant: { ...NAME, description: 'Whose context, sessions and quota; needs no prior creation.' },
  _meta: { type: 'object', description: '`progressToken` asks for `notifications/progress`.' },
};

/** Parameters of one method: its own, and those that every method takes. */
export function params(properties: Record<string, ParamsSchema>, required: readonly string[] = []): ParamsSchema {
  return { type: 'object', properties: { ...properties, ...COMMON }, required, additionalProperties: false };
}

/** A shape of `$defs`. */
export const ref = (name: string): JsonObject => ({ $ref: `#/$defs/${name}` });
export const text: JsonObject = { type: 'string' };
export const whole: JsonObject = { type: 'integer', minimum: 0 };
export const amount: JsonObject = { type: 'number' };
/** An open object: a new field breaks nobody. */
export const record = (properties: JsonObject, required: string[] = Object.keys(properties)): JsonObject => ({
  type: 'object',
  properties,
  required,
});

export interface MethodSchema {
  readonly params: ParamsSchema;
  readonly result: JsonObject;
}
