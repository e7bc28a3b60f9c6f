/**
 * The keys of the file and what each may hold.
 * The decision to know: a server is one flat shape here, with the keys of every transport, so that a misspelt key is
 * answered with the nearest right one whatever else is wrong; `servers.ts` decides what fits together.
 */
import { ENGINE_NAMES } from '../core/assets.ts';
import { MODE_WORDS } from '../core/mode.ts';
import { LIMITS, type LimitName, type LimitRow } from '../sandbox/limits.ts';
import { exportersShape, modulesShape, withOptions } from './modules.ts';
import { leaf, listOf, mapOf, object, oneOf, type Shape, type ValueOf, whole } from './shape.ts';
import { cacheShape, serverCacheShape } from './state.ts';

const anything = leaf<unknown>('anything', () => true);
const anyText = leaf<string>('a text', (value) => typeof value === 'string');
const flag = leaf<boolean>('`true` or `false`', (value) => typeof value === 'boolean');
const scalar = leaf<string | number | boolean>('a text, a number or a boolean', (value) =>
  ['string', 'number', 'boolean'].includes(typeof value),
);
const text = leaf<string>('a text that is not empty', (value) => typeof value === 'string' && value !== '');
const textList = listOf(anyText, 'a list of texts');

const UNIT_WORDS: Readonly<Record<LimitRow['unit'], string>> = {
  ms: 'ms',
  bytes: 'bytes',
  count: '',
  chars: 'characters',
};

const limitShapes = Object.fromEntries(
  Object.entries(LIMITS).map(([name, row]) => [name, whole(row.min, row.max, UNIT_WORDS[row.unit])]),
) as Record<LimitName, Shape<number>>;

const callTimeout = whole(LIMITS.toolTimeoutMs.min, LIMITS.toolTimeoutMs.max, 'ms');

const limitsShape = object(limitShapes, 'an object of limits');

const poolShape = object(
  {
    min: whole(0, 64, 'workers'),
    max: whole(1, 64, 'workers'),
    poolSize: whole(0, 256, 'guests'),
    poolWarmup: flag,
    poolCleanupIntervalMs: whole(100, 3_600_000, 'ms'),
  },
  'an object',
);

const sessionsShape = object(
  { ttlMs: whole(1_000, 31_536_000_000, 'ms'), maxBytes: whole(4_096, 268_435_456, 'bytes') },
  'an object with `ttlMs` or `maxBytes`',
);

const quickjsShape = object({ engine: oneOf(ENGINE_NAMES) }, 'an object');

const dockerImagesShape = object(
  { python: text, shell: text, node: text },
  'an object with `python`, `shell` or `node`',
);

const dockerShape = object(
  {
    host: text,
    images: dockerImagesShape,
    poolSize: whole(0, 32, 'containers'),
    poolWarmup: flag,
    poolCleanupIntervalMs: whole(1_000, 86_400_000, 'ms'),
    runtime: text,
  },
  'an object',
);

const ownBackendsShape = object({ quickjs: quickjsShape, docker: dockerShape }, 'an object of backends');

const backendsShape = withOptions(ownBackendsShape, 'an object of backends');

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

const logShape = object({ level: oneOf(LOG_LEVELS) }, 'an object');

const toolsShape = object(
  {
    include: textList,
    exclude: textList,
    timeoutsMs: mapOf(callTimeout, 'an object of tool names and ms'),
  },
  'an object with `include`, `exclude` or `timeoutsMs`',
);

export const serverShape = object(
  {
    type: oneOf(['stdio', 'http', 'streamable-http', 'streamableHttp', 'sse']),
    command: text,
    args: listOf(scalar, 'a list of texts'),
    env: mapOf(scalar, 'an object of variable names and texts'),
    envFile: text,
    cwd: text,
    url: text,
    serverUrl: text,
    headers: mapOf(scalar, 'an object of header names and texts'),
    timeoutMs: callTimeout,
    startTimeoutMs: whole(100, 3_600_000, 'ms'),
    tools: toolsShape,
    effects: mapOf(oneOf(['read', 'write']), 'an object of tool names'),
    era: oneOf(['legacy', 'auto']),
    cache: serverCacheShape,
    disabled: flag,
    // The rest describes a server to an MCP client or steers it; accepted so that its file works unchanged.
    autoApprove: anything,
    alwaysAllow: anything,
    name: anything,
    description: anything,
    gallery: anything,
    version: anything,
    dev: anything,
  },
  'an object that describes one server',
);

export const pluginShape = object(
  {
    path: text,
    sha256: leaf<string>(
      'a SHA-256: 64 hex digits',
      (value) => typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value),
    ),
    hosts: listOf(text, 'a list of hosts'),
    headers: mapOf(
      mapOf(scalar, 'an object of header names and texts'),
      'an object of hosts of `hosts` and their headers',
    ),
    memoryBytes: whole(1024 * 1024, 1024 * 1024 * 1024, 'bytes'),
    timeoutMs: callTimeout,
    startTimeoutMs: whole(100, 3_600_000, 'ms'),
    tools: toolsShape,
    effects: mapOf(oneOf(['read', 'write']), 'an object of tool names'),
    disabled: flag,
  },
  'an object that describes one plugin',
);

/** Keys that promise something to a person (no question before a call) and are not honoured here. */
export const STEERING_KEYS = ['autoApprove', 'alwaysAllow'] as const;

const serverMap = mapOf(anything, 'an object of server names and servers');

const PREFIX_CHARS_MAX = 32;

const modeShape = oneOf(MODE_WORDS);

const hotSetShape = listOf(text, 'a list of `"server.tool"`');

export const profileShape = object(
  { mode: modeShape, hotSet: hotSetShape, readOnly: flag },
  'an object with `mode`, `hotSet` or `readOnly`',
);

export const httpShape = object(
  { token: text, hosts: listOf(text, 'a list of host names'), origins: listOf(text, 'a list of host names') },
  'an object with `token`, `hosts` or `origins`',
);

export const topShape = object(
  {
    $schema: anything,
    mcpServers: serverMap,
    servers: serverMap,
    mode: modeShape,
    hotSet: hotSetShape,
    clients: mapOf(text, 'an object of client names and modes or profiles'),
    profiles: mapOf(profileShape, 'an object of profile names and profiles'),
    http: httpShape,
    toolPrefix: leaf<string>(
      `at most ${PREFIX_CHARS_MAX} letters, digits, \`_\` and \`-\``,
      (value) => typeof value === 'string' && value.length <= PREFIX_CHARS_MAX && /^[A-Za-z0-9_-]*$/.test(value),
    ),
    state: text,
    cache: cacheShape,
    limits: limitsShape,
    sessions: sessionsShape,
    intents: text,
    pool: poolShape,
    isolation: oneOf(['auto', 'thread', 'process']),
    backends: backendsShape,
    modules: modulesShape,
    exporters: exportersShape,
    plugins: mapOf(pluginShape, 'an object of plugin names and plugins'),
    log: logShape,
    check: oneOf(['error', 'warn', 'off']),
  },
  'an object',
);

export type TopValue = ValueOf<typeof topShape>;
export type ServerValue = ValueOf<typeof serverShape>;
export type PluginValue = ValueOf<typeof pluginShape>;

/** The keys of the top of the file, of a server, and of what nests in them. */
export const KNOWN_KEYS = {
  top: topShape.keys,
  server: serverShape.keys,
  tools: toolsShape.keys,
  limits: limitsShape.keys,
  pool: poolShape.keys,
  sessions: sessionsShape.keys,
  backends: ownBackendsShape.keys,
  quickjs: quickjsShape.keys,
  docker: dockerShape.keys,
  dockerImages: dockerImagesShape.keys,
  plugin: pluginShape.keys,
  log: logShape.keys,
  cache: cacheShape.keys,
  serverCache: serverCacheShape.keys,
  profile: profileShape.keys,
  http: httpShape.keys,
} as const;
