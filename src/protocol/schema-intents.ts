/** `optimizer/executeIntent`, `executeBatch` and `intents.*`: what they take and give. */
import type { JsonObject } from '../core/json.ts';
import { type MethodSchema, NAME, type ParamsSchema, params, record, ref, text } from './schema-parts.ts';

const intent: ParamsSchema = {
  type: 'string',
  minLength: 1,
  maxLength: 1_000,
  description: 'Name, alias or plain words.',
};
const stepParams: ParamsSchema = {
  type: 'object',
  description: 'What it is given; `{"$from": "step1.items[0].id"}` takes a part of an earlier result.',
};
const work: Readonly<Record<string, ParamsSchema>> = {
  code: { type: 'string', description: 'A program.' },
  intent,
  tool: { type: 'string', minLength: 1, maxLength: 600, description: '`server.tool`' },
  params: stepParams,
};
const step: ParamsSchema = {
  type: 'object',
  description: 'Exactly one of `code`, `intent` and `tool`.',
  properties: {
    ...work,
    id: { ...NAME, description: 'Default `step1`, `step2`, … by its place.' },
    compensate: {
      type: 'object',
      description: 'Undoes the step when an atomic batch fails later.',
      properties: work,
      required: [],
      additionalProperties: false,
    },
  },
  required: [],
  additionalProperties: false,
};
const names: ParamsSchema = { type: 'array', items: { type: 'string', minLength: 1, maxLength: 120 }, maxItems: 32 };

const stepOutcome: JsonObject = { allOf: [ref('Outcome'), record({ id: text })] };
const compensation = record(
  { id: text, status: { enum: ['completed', 'failed', 'none'] }, error: ref('OutcomeError') },
  ['id', 'status'],
);
const facts = record({
  name: text,
  description: text,
  params: { type: 'object' },
  effect: { enum: ['read', 'write'] },
  aliases: { type: 'array', items: text },
  source: { enum: ['folder', 'saved'] },
});
const name = record({ name: text });

/** The parameters of a run that mean the same for an intent and for every step of a batch. */
export type SharedParams = Readonly<
  Record<'session' | 'readOnly' | 'limits' | 'grants' | 'idempotencyKey' | 'events', ParamsSchema>
>;

/** `run`: the parameters of `optimizer/execute`. */
export function intentSchemas(run: SharedParams & Readonly<Record<'params' | 'check', ParamsSchema>>) {
  const { session, readOnly, limits, grants, idempotencyKey, events } = run;
  const shared = { session, readOnly, limits, grants, idempotencyKey, events };
  return {
    'optimizer/executeIntent': {
      params: params({ intent, params: run.params, ...shared }, ['intent']),
      result: ref('Outcome'),
    },
    'optimizer/executeBatch': {
      params: params(
        {
          steps: { type: 'array', items: step },
          atomic: { type: 'boolean', description: 'Stop at the first failure and undo what was written.' },
          parallel: { type: 'boolean', description: 'Run steps that do not need each other at the same time.' },
          check: run.check,
          ...shared,
        },
        ['steps'],
      ),
      result: record(
        {
          status: { enum: ['completed', 'failed'] },
          steps: { type: 'array', items: stepOutcome },
          compensated: { type: 'array', items: compensation },
        },
        ['status', 'steps'],
      ),
    },
    'optimizer/intents.list': { params: params({}), result: record({ intents: { type: 'array', items: facts } }) },
    'optimizer/intents.save': {
      params: params(
        {
          name: { type: 'string', minLength: 1, maxLength: 64, description: 'An identifier: `intents.name(params)`.' },
          code: { type: 'string', description: 'A program; or `executionId`.' },
          executionId: { ...NAME, description: 'A run that completed: its program is saved.' },
          description: { type: 'string', minLength: 1, maxLength: 1_000 },
          params: { type: 'object', description: 'JSON Schema of an object.' },
          effect: { enum: ['read', 'write'], description: 'Default: what the run did, `write` for a program.' },
          aliases: names,
        },
        ['name'],
      ),
      result: name,
    },
    'optimizer/intents.delete': { params: params({ name: NAME }, ['name']), result: name },
  } as const satisfies Record<string, MethodSchema>;
}

export type IntentMethod = keyof ReturnType<typeof intentSchemas>;
