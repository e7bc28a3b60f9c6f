/**
 * The shape of the file. Each leaf says in its `error` what it expects, in words that complete "expected …"; `complaints.ts`
 * adds where it stood and what was there instead. Keys are strict everywhere.
 * The decision to know: a server is one flat shape here, with the keys of every transport, so that a misspelt key is
 * answered with the nearest right one whatever else is wrong; `servers.ts` decides what fits together.
 */
import { z } from 'zod';
import { LIMITS, type LimitName, type LimitRow } from '../sandbox/limits.ts';

const text = z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' });
const flag = z.boolean({ error: '`true` or `false`' });
const textOrScalar = z.union([z.string(), z.number(), z.boolean()], { error: 'a text, a number or a boolean' });
const textList = z.array(z.string({ error: 'a text' }), { error: 'a list of texts' });
const mapOf = <Value extends z.ZodType>(value: Value, expected: string) =>
  z.record(z.string(), value, { error: expected });

/** A whole number with both bounds in the words. */
function whole(min: number, max: number, unit: string) {
  const error = `a whole number from ${withCommas(min)} to ${withCommas(max)}${unit === '' ? '' : ` ${unit}`}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

const UNIT_WORDS = { ms: 'ms', bytes: 'bytes', count: '', chars: 'characters' } as const satisfies Record<
  LimitRow['unit'],
  string
>;

const limitShape = Object.fromEntries(
  Object.entries(LIMITS).map(([name, row]) => [name, whole(row.min, row.max, UNIT_WORDS[row.unit]).optional()]),
) as Record<LimitName, z.ZodOptional<z.ZodInt>>;

const callTimeout = whole(LIMITS.toolTimeoutMs.min, LIMITS.toolTimeoutMs.max, 'ms');

export const limitsSchema = z.strictObject(limitShape, { error: 'an object of limits' });

export const poolSchema = z.strictObject(
  {
    min: whole(0, 64, 'workers').optional(),
    max: whole(1, 64, 'workers').optional(),
    poolSize: whole(0, 256, 'guests').optional(),
    poolWarmup: flag.optional(),
    poolCleanupIntervalMs: whole(100, 3_600_000, 'ms').optional(),
  },
  { error: 'an object' },
);

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

export const logSchema = z.strictObject(
  { level: z.enum(LOG_LEVELS, { error: `one of ${quoted(LOG_LEVELS)}` }).optional() },
  { error: 'an object' },
);

export const toolsSchema = z.strictObject(
  {
    include: textList.optional(),
    exclude: textList.optional(),
    timeoutsMs: mapOf(callTimeout, 'an object of tool names and ms').optional(),
  },
  { error: 'an object with `include`, `exclude` or `timeoutsMs`' },
);

const TRANSPORT_TYPES = ['stdio', 'http', 'streamable-http', 'streamableHttp', 'sse'] as const;
const EFFECTS = ['read', 'write'] as const;
const ERAS = ['legacy', 'auto'] as const;

export const serverSchema = z.strictObject(
  {
    type: z.enum(TRANSPORT_TYPES, { error: `one of ${quoted(TRANSPORT_TYPES)}` }).optional(),
    command: text.optional(),
    args: z.array(textOrScalar, { error: 'a list of texts' }).optional(),
    env: mapOf(textOrScalar, 'an object of variable names and texts').optional(),
    envFile: text.optional(),
    cwd: text.optional(),
    url: text.optional(),
    serverUrl: text.optional(),
    headers: mapOf(textOrScalar, 'an object of header names and texts').optional(),
    timeoutMs: callTimeout.optional(),
    startTimeoutMs: whole(100, 3_600_000, 'ms').optional(),
    tools: toolsSchema.optional(),
    effects: mapOf(z.enum(EFFECTS, { error: `one of ${quoted(EFFECTS)}` }), 'an object of tool names').optional(),
    era: z.enum(ERAS, { error: `one of ${quoted(ERAS)}` }).optional(),
    disabled: flag.optional(),
    // These steer an MCP client; they are accepted so that its file works unchanged, and have no effect here.
    autoApprove: z.unknown().optional(),
    alwaysAllow: z.unknown().optional(),
    name: z.unknown().optional(),
    description: z.unknown().optional(),
    gallery: z.unknown().optional(),
    version: z.unknown().optional(),
    dev: z.unknown().optional(),
  },
  { error: 'an object that describes one server' },
);

/** Keys that promise something to a person (no question before a call) and are not honoured here. */
export const STEERING_KEYS = ['autoApprove', 'alwaysAllow'] as const;

const TOOL_PREFIX_CHARS_MAX = 32;

export const topSchema = z.strictObject(
  {
    $schema: z.unknown().optional(),
    mcpServers: mapOf(z.unknown(), 'an object of server names and servers').optional(),
    servers: mapOf(z.unknown(), 'an object of server names and servers').optional(),
    inputs: z.unknown().optional(),
    mode: z.literal('code', { error: '`"code"`' }).optional(),
    toolPrefix: z
      .string({ error: 'a text' })
      .regex(/^[A-Za-z0-9_-]*$/, { error: 'letters, digits, `_` and `-` only' })
      .max(TOOL_PREFIX_CHARS_MAX, { error: `at most ${TOOL_PREFIX_CHARS_MAX} characters` })
      .optional(),
    state: text.optional(),
    limits: limitsSchema.optional(),
    pool: poolSchema.optional(),
    log: logSchema.optional(),
    check: z.literal('off', { error: '`"off"`' }).optional(),
  },
  { error: 'an object' },
);

export type TopShape = z.infer<typeof topSchema>;
export type ServerShape = z.infer<typeof serverSchema>;

/** `1234567` as `1,234,567`, independent of the machine's language. */
function withCommas(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function quoted(values: readonly string[]): string {
  return values.map((value) => `\`"${value}"\``).join(', ');
}
