/**
 * docs/limits.md from the table of src/sandbox/limits.ts, with what happens on reaching each limit, and the bounds that
 * are not configurable, read out of the files that hold them.
 */
import { LIMITS, type LimitName, type LimitRow } from '../../src/sandbox/limits.ts';
import { amount, bytesText, page, table } from './markdown.ts';
import { constantOf, type SourceTexts } from './source-texts.ts';

const ON_REACHING: Readonly<Record<LimitName, string>> = {
  wallMs: '`limit.time`; answered within the limit and 250 ms, the worker is ended if need be',
  cpuMs: '`limit.cpu`; answered within the limit and 250 ms, the worker is ended if need be',
  memoryBytes: '`limit.memory`; the guest is thrown away',
  stackBytes: '`limit.stack`',
  sourceBytes: '`limit.source`; nothing ran',
  argumentBytes: '`limit.argument`, thrown by the call; it was not sent',
  toolResultBytes: '`limit.toolResult`, thrown by the call',
  valueBytes: 'the value is shown cut, whole behind the handle in `truncated`',
  keptValueBytes: '`limit.value`',
  logBytes: 'further lines are counted in `logsDropped`',
  answerChars: 'the value is shown cut, whole behind the handle in `truncated`; applies to answers for a model only',
  calls: '`limit.calls`, thrown by the call',
  callsInFlight: 'further calls wait their turn',
  intentDepth: '`limit.depth`, thrown by the call',
  guestsInFlight: 'further intents and steps wait their turn',
  savedIntents: '`limit.intents`; nothing was saved',
  batchSteps: '`limit.batch`; nothing ran',
  batchWallMs: 'steps under way end with `limit.time`, the others with `request.skipped`; an atomic batch is undone',
  toolTimeoutMs: '`upstream.timeout`, thrown by the call',
  contextBytes: '`limit.context`; nothing was written',
  contextKeys: '`limit.context`; nothing was written',
  sessions: '`limit.sessions`; the variables of the run are not kept',
  runsInFlight: 'further runs wait their turn',
  runsQueued: '`limit.queue` at once, with `retryAfterMs`',
  lineBytes: '`request.line` for input; the line is skipped. For a server: the call fails with `limit.toolResult`',
  shutdownGraceMs: 'what still runs is ended and answered',
};

/** Bounds that are constants of one file: unit, what is bounded. */
const FIXED: ReadonlyArray<readonly [file: string, name: string, unit: LimitRow['unit'], what: string]> = [
  ['src/engine/program-text.ts', 'NESTING_MAX', 'count', 'depth of brackets in a program; `limit.source`'],
  ['src/app/compose.ts', 'KEPT_BYTES_MAX', 'bytes', 'memory for values behind handles, of all tenants; the oldest go'],
  ['src/app/compose.ts', 'KEPT_TTL_MS', 'ms', 'how long a value behind a handle is kept'],
  ['src/app/engine.ts', 'SEARCH_WAIT_MS', 'ms', 'how long a search waits for servers that are still listing'],
  ['src/protocol/tool-call.ts', 'SEARCH_LIMIT_MAX', 'count', 'matches that `search_tools` answers at most'],
  ['src/upstream/search-text.ts', 'SEARCH_TOKENS_MAX', 'count', 'tokens of the text that `search_tools` answers'],
  ['src/upstream/upstream-error.ts', 'WORDS_CHARS_MAX', 'chars', 'a server’s own words in an error'],
  ['src/config/state.ts', 'CACHE_TTL_MS_MAX', 'ms', 'how long a result of a tool is kept at most, whoever says longer'],
  ['src/engine/caching-caller.ts', 'UNSETTLED_MS', 'ms', 'how long nothing is kept after a write that may not be over'],
  ['src/engine/cache-scopes.ts', 'TAGS_MAX', 'count', 'tags of one call; with more it counts as one without'],
  ['src/state/redis-connection.ts', 'CONNECT_TIMEOUT_MS', 'ms', 'how long connecting to Redis may take'],
  [
    'src/state/redis-connection.ts',
    'COMMAND_TIMEOUT_MS',
    'ms',
    'how long Redis may take to answer; `state.unavailable`',
  ],
  ['src/state/redis-connection.ts', 'RECONNECT_LAST_MS', 'ms', 'longest pause before Redis is tried again'],
  ['src/engine/session-runs.ts', 'WAITING_MAX', 'count', 'runs that wait for one session; `limit.queue`'],
  ['src/state/context.ts', 'KEY_CHARS_MAX', 'chars', 'a key of the context'],
  ['src/capabilities/timers.ts', 'PENDING_WAITS_MAX', 'count', 'timers of one run that are waiting'],
  ['src/capabilities/random.ts', 'RANDOM_BYTES_MAX', 'bytes', 'random bytes in one call'],
  ['src/upstream/fleet.ts', 'STARTS_AT_ONCE', 'count', 'servers that are started at the same time'],
  ['src/upstream/supervise.ts', 'BACKOFF_MAX_MS', 'ms', 'longest pause before a server is started again'],
  ['src/upstream/supervise.ts', 'FAILURES_MAX', 'count', 'starts in a row that may fail before a server is `failed`'],
  ['src/protocol/line-writer.ts', 'CONGESTED_BYTES', 'bytes', 'unread output above which no input is read'],
  ['src/protocol/line-writer.ts', 'EVENTS_DROPPED_BYTES', 'bytes', 'unread output above which events are dropped'],
  ['src/plugins/plugin-spec.ts', 'COMPONENT_BYTES_MAX', 'bytes', 'size of a plugin’s component'],
  ['src/plugins/plugin-spec.ts', 'CORE_MODULES_MAX', 'count', 'core modules of a plugin'],
  [
    'src/plugins/plugin-spec.ts',
    'CORE_INSTANCES_MAX',
    'count',
    'instances of core modules in one instance of a plugin',
  ],
  [
    'src/plugins/plugin-spec.ts',
    'MEMORIES_MAX',
    'count',
    'memories that a plugin’s modules define, each of at most `memoryBytes`',
  ],
  ['src/plugins/plugin-spec.ts', 'TABLE_ENTRIES_MAX', 'count', 'entries of one table of a plugin'],
  ['src/plugins/plugin-spec.ts', 'TRANSPILE_TIMEOUT_MS', 'ms', 'how long translating a plugin may take'],
  ['src/plugins/plugin-spec.ts', 'START_TIMEOUT_MS', 'ms', 'from a new worker of a plugin to its first instance'],
  ['src/plugins/plugin-spec.ts', 'INSTANCES_MAX', 'count', 'calls of one plugin at a time; further ones wait'],
  ['src/plugins/plugin-spec.ts', 'CALLS_QUEUED_MAX', 'count', 'calls of one plugin that wait; `limit.queue`'],
  [
    'src/plugins/plugin-spec.ts',
    'LET_GO_MS',
    'ms',
    'how long a plugin has to let go of a call that was given up; then its worker is ended',
  ],
  ['src/plugins/plugin-spec.ts', 'LOG_LINES_MAX', 'count', 'lines that a plugin logs in one call; the rest is counted'],
  ['src/plugins/plugin-spec.ts', 'LOG_LINE_CHARS_MAX', 'chars', 'one line of a plugin in the log'],
  ['src/plugins/plugin-spec.ts', 'HTTP_REQUEST_BYTES_MAX', 'bytes', 'body of a plugin’s request; `too-large`'],
  [
    'src/plugins/plugin-spec.ts',
    'HTTP_RESPONSE_BYTES_MAX',
    'bytes',
    'body of an answer to a plugin, unpacked; `too-large`',
  ],
  ['src/plugins/plugin-spec.ts', 'HTTP_HEADER_CHARS_MAX', 'chars', 'headers of a plugin’s request; `too-large`'],
  ['src/plugins/plugin-spec.ts', 'HTTP_TIMEOUT_MS', 'ms', 'how long a plugin’s request may take; `timeout`'],
  ['src/plugins/output-cache.ts', 'OUTPUTS_KEPT_MAX', 'count', 'translated plugins that are kept; the oldest go'],
  [
    'src/sandbox/docker/container-spec.ts',
    'CONTAINER_MEMORY_BYTES',
    'bytes',
    'memory of a container, unless `memoryBytes` is more',
  ],
  [
    'src/sandbox/docker/container-spec.ts',
    'CONTAINER_CPU_MS',
    'ms',
    'processor time in a container, unless `cpuMs` is more',
  ],
  ['src/sandbox/docker/container-spec.ts', 'PIDS_MAX', 'count', 'processes and threads of a container'],
  ['src/sandbox/docker/container-run.ts', 'OUTPUT_BYTES_MAX', 'bytes', 'what one container may print; `limit.output`'],
  [
    'src/sandbox/docker/container-run.ts',
    'UNREAD_BYTES_MAX',
    'bytes',
    'answers that a program in a container leaves unread; its further calls wait',
  ],
  [
    'src/sandbox/docker/call-bridge.ts',
    'WAITING_MAX',
    'count',
    'calls of a program in a container without an answer; `limit.calls`',
  ],
  [
    'src/sandbox/docker/call-bridge.ts',
    'CALLS_BEYOND_MAX',
    'count',
    'refused calls of a program in a container, beyond `calls`; then the run ends with `limit.calls`',
  ],
  [
    'src/sandbox/docker/backend.ts',
    'READY_WAIT_MS_MIN',
    'ms',
    'how long a run waits for its container, unless `wallMs` is more; `sandbox.unavailable`',
  ],
  [
    'src/sandbox/docker/backend.ts',
    'CLOSE_WAIT_MS',
    'ms',
    'how long the end of the process waits for the Docker engine',
  ],
  ['src/sandbox/docker/backend.ts', 'CONTAINERS_MAX', 'count', 'containers that serve a run at the same time'],
  [
    'src/engine/containers/run-files.ts',
    'FILES_BYTES_MAX',
    'bytes',
    'files of one run, in each direction; `limit.files`',
  ],
  ['src/engine/containers/run-files.ts', 'FILES_COUNT_MAX', 'count', 'files of one run; `limit.files`'],
  ['src/config/locate.ts', 'CONFIG_BYTES_MAX', 'bytes', 'size of a config file'],
];

export function limitsDocument(sources: SourceTexts): string {
  const rows = (Object.entries(LIMITS) as Array<[LimitName, LimitRow]>).map(([name, row]) => [
    `\`${name}\``,
    defaultText(row),
    `${amount(row.min)} – ${amount(row.max)}`,
    ON_REACHING[name],
    row.reason,
  ]);
  const fixed = FIXED.map(([file, name, unit, what]) => [
    what,
    quantity(constantOf(sources, file, name), unit),
    `[${file}](../${file})`,
  ]);
  return page([
    '# Limits',
    '<!-- Generated from src/sandbox/limits.ts by `npm run build:docs`. Do not edit. -->',
    INTRODUCTION.trim(),
    table(['limit', 'default', 'may be set to', 'on reaching it', 'why it is there'], rows),
    '## What a limit does not protect',
    PROTECTION.trim(),
    '## Fixed bounds',
    'These cannot be configured.',
    table(['what', 'bound', 'where'], fixed),
  ]);
}

const INTRODUCTION = `
All limits stand in one object, \`limits\`, in the config and in a request. The configured value is the default and the
ceiling of every run; a request may only lower it. In a request, a value above the ceiling is taken as the ceiling, one
below the smallest as the smallest; in the config both are errors.

\`toolResultBytes\`, \`sessions\`, \`runsInFlight\`, \`runsQueued\`, \`lineBytes\` and \`shutdownGraceMs\` belong to the process.
A request may name them, which changes nothing.
`;

const PROTECTION = `
- \`wallMs\` ends the program and the wait for its calls. A call that was sent may still take effect at its server.
- \`cpuMs\` counts the guest. What a server does with a call is not seen.
- \`memoryBytes\` bounds the guest's memory. Results, arguments and kept values also stand in the host's memory for a
  while.
- \`toolResultBytes\` is checked when a result has been read. While it is read, \`lineBytes\` bounds it.
- All limits are per run or per process. There is no quota over time in this version.
`;

/** The number as it is written in a config, and the same for people where that reads differently. */
function defaultText({ default: value, unit }: LimitRow): string {
  const text = quantity(value, unit);
  return unit === 'ms' || unit === 'bytes' ? `${amount(value)} (${text})` : text;
}

function quantity(value: number, unit: LimitRow['unit']): string {
  switch (unit) {
    case 'bytes':
      return bytesText(value);
    case 'ms':
      if (value >= 120_000 && value % 60_000 === 0) return `${amount(value / 60_000)} min`;
      return value >= 1_000 && value % 1_000 === 0 ? `${amount(value / 1_000)} s` : `${amount(value)} ms`;
    case 'chars':
      return `${amount(value)} characters`;
    case 'count':
      return amount(value);
  }
}
