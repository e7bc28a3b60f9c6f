/**
 * JSON Schemas of everything that `optimizer/*` takes and gives, as data. `params.ts` reads requests by them,
 * `docs/protocol.schema.json` is generated from them, and the tests hold live traffic against them: one home per shape.
 * Results are described open (a new field breaks nobody), parameters closed (a misspelt one is an error).
 */
import { ERROR_TABLE } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { PROGRAM_LANGUAGES } from '../engine/request.ts';
import { LIMITS } from '../sandbox/limits.ts';
import { intentSchemas } from './schema-intents.ts';
import { MANIFEST_SCHEMAS } from './schema-manifest.ts';
import {
  amount,
  type MethodSchema,
  NAME,
  type ParamsSchema,
  params,
  record,
  ref,
  text,
  whole,
} from './schema-parts.ts';
import { STATE_SCHEMAS } from './schema-state.ts';

const limits: ParamsSchema = {
  type: 'object',
  description: 'May only lower the configured ceilings; docs/limits.md has names and units.',
  properties: Object.fromEntries(
    Object.entries(LIMITS).map(([name, limit]) => [
      name,
      { type: 'integer', minimum: Math.min(limit.min, 1), description: `${limit.unit}: ${limit.reason}` } as const,
    ]),
  ),
  additionalProperties: false,
};

const files: ParamsSchema = {
  type: 'object',
  description: 'Files into and out of a container, by relative path; docs/docker.md.',
  properties: {
    in: { type: 'object', description: 'Path → content in base64.' },
    out: { type: 'array', items: { type: 'string' }, description: 'Paths to read when the program has returned.' },
  },
  additionalProperties: false,
};

const run = {
  code: { type: 'string', description: 'The program.' },
  params: { type: 'object', description: 'What the program sees as `params`.' },
  session: { ...NAME, description: 'Keeps context and top-level variables between runs.' },
  readOnly: { type: 'boolean', description: 'Refuse every tool that may write.' },
  limits,
  grants: { type: 'array', items: NAME, maxItems: 64, description: 'Interfaces of wit/ linked into the run.' },
  backend: { ...NAME, description: 'Default `quickjs`.' },
  language: { enum: PROGRAM_LANGUAGES, description: 'Default `typescript`; the last three run in a container.' },
  files,
  record: { type: 'boolean', description: 'Keep what a replay needs.' },
  check: { enum: ['error', 'warn', 'off'], description: 'Type check before the run; default `off` here.' },
  idempotencyKey: { ...NAME, description: 'Same key and code: same outcome, no second run.' },
  events: { type: 'boolean', description: 'Send `optimizer/event` while the program runs; default false.' },
} as const satisfies Record<string, ParamsSchema>;

const execute = params(run, ['code']);

const search = params(
  { query: { type: 'string', maxLength: 4_000 }, limit: { type: 'integer', minimum: 1, maximum: 100 } },
  ['query'],
);

const CALL_STATUS = ['ok', 'error', 'cached', 'replayed', 'denied', 'unknown'];
const LEVELS = ['debug', 'info', 'warn', 'error'];

/** Shapes that results, errors and notifications refer to. */
const DEFS: JsonObject = {
  ErrorCode: { enum: Object.keys(ERROR_TABLE) },
  LogLine: record({ level: { enum: LEVELS }, text }),
  CallRecord: record({
    seq: whole,
    tool: text,
    status: { enum: CALL_STATUS },
    ms: amount,
    effect: { enum: ['read', 'write'] },
    argsHash: text,
  }),
  OutcomeError: record(
    {
      code: ref('ErrorCode'),
      kind: text,
      message: text,
      hint: text,
      line: whole,
      column: whole,
      retryable: { type: 'boolean' },
      data: true,
    },
    ['code', 'kind', 'message', 'retryable'],
  ),
  Outcome: record(
    {
      executionId: text,
      status: { enum: ['completed', 'failed', 'paused'] },
      value: true,
      error: ref('OutcomeError'),
      approval: record({ id: text, tool: text, arguments: true, expiresAt: text }),
      logs: { type: 'array', items: ref('LogLine') },
      logsDropped: whole,
      calls: { type: 'array', items: ref('CallRecord') },
      usage: record({
        wallMs: amount,
        guestCpuMs: amount,
        queueMs: amount,
        memoryPeakBytes: amount,
        hostCalls: whole,
        bytesIn: whole,
        bytesOut: whole,
      }),
      tokens: record({ answer: whole, withoutOptimizer: whole, saved: { type: 'integer' } }),
      callsLeft: { type: 'array', items: text },
      truncated: record({ handle: text, bytes: whole, shown: whole }),
      content: { type: 'array' },
      files: { type: 'object', additionalProperties: text },
      intent: text,
      proposal: record({
        name: text,
        runs: whole,
        params: { type: 'object' },
        effect: { enum: ['read', 'write'] },
        code: text,
      }),
    },
    ['executionId', 'status', 'logs', 'logsDropped', 'calls', 'usage', 'tokens'],
  ),
  /** What stands in `error` of a JSON-RPC answer. */
  Error: record({
    code: { type: 'integer' },
    message: text,
    data: record(
      { code: ref('ErrorCode'), kind: text, hint: text, retryable: { type: 'boolean' }, correlationId: text },
      ['code', 'kind', 'retryable'],
    ),
  }),
};

const described: JsonObject = {
  server: text,
  tool: text,
  signature: text,
  declaration: text,
  pinned: { type: 'boolean' },
};
const match = record(
  { server: text, tool: text, signature: text, kind: { enum: ['tool', 'intent'] }, pinned: { const: false } },
  ['server', 'tool', 'signature', 'kind'],
);

/** One row per method; the handlers in `methods.ts` are a `Record` over the same names. */
export const METHOD_SCHEMAS = {
  'optimizer/execute': { params: execute, result: ref('Outcome') },
  ...intentSchemas(run),
  ...STATE_SCHEMAS,
  'optimizer/search': {
    params: search,
    result: record(
      { matches: { type: 'array', items: match }, total: whole, missing: { type: 'array', items: text } },
      ['matches', 'total'],
    ),
  },
  'optimizer/describe': { params: params({ server: NAME, tool: NAME }, ['server', 'tool']), result: record(described) },
  'optimizer/servers': {
    params: params({}),
    result: record({
      servers: {
        type: 'array',
        items: record({ name: text, tools: whole, state: text, error: text, changed: { type: 'array', items: text } }, [
          'name',
          'tools',
          'state',
        ]),
      },
    }),
  },
  ...MANIFEST_SCHEMAS,
  'optimizer/health': { params: params({}), result: { type: 'object' } },
  'optimizer/stats': { params: params({}), result: { type: 'object' } },
  'optimizer/shutdown': { params: params({}), result: record({ stopping: { const: true } }) },
} as const satisfies Record<string, MethodSchema>;

export type MethodName = keyof typeof METHOD_SCHEMAS;

const requestId: JsonObject = { type: ['string', 'integer'] };
const event = (type: string, properties: JsonObject, required: string[]): JsonObject =>
  record({ requestId, executionId: text, type: { const: type }, ...properties }, [
    'requestId',
    'executionId',
    'type',
    ...required,
  ]);

/** Notifications that the process sends for `optimizer/*` requests. */
export const NOTIFICATION_SCHEMAS: Readonly<Record<string, JsonObject>> = {
  'optimizer/event': {
    oneOf: [
      event('state', { state: { enum: ['queued', 'running', 'waiting', 'paused', 'completed', 'failed'] } }, ['state']),
      event('console', { level: { enum: LEVELS }, text }, ['level', 'text']),
      event(
        'progress',
        {
          step: { enum: ['call', 'progress', 'answer'] },
          tool: text,
          calls: whole,
          status: { enum: CALL_STATUS },
          progress: amount,
          total: amount,
          message: text,
        },
        ['step', 'tool', 'calls'],
      ),
    ],
  },
  'notifications/progress': record({ progressToken: requestId, progress: amount, message: text }),
};

/** The document that `docs/protocol.schema.json` holds. */
export function protocolSchema(): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'MCP Optimizer: optimizer/* methods',
    $defs: DEFS,
    methods: METHOD_SCHEMAS as unknown as JsonObject,
    notifications: { ...NOTIFICATION_SCHEMAS },
    error: ref('Error'),
  };
}
