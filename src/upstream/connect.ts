/**
 * From what the config says of a server to a connected SDK client, or to one clear line that says why not. The SDK is
 * loaded here, on the first connection, so that a process that connects to nothing never pays for it.
 *
 * Decision to know: one deadline, `startTimeoutMs`, covers spawning, probing and the handshake together. Whatever was
 * opened on the way is closed before the promise rejects.
 */
import { existsSync } from 'node:fs';
import type { Client, Transport } from '@modelcontextprotocol/client';
import { type ErrorCode, OptimizerError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Log } from '../telemetry/log.ts';
import type { ClientCapabilities } from './asker.ts';
import { openHttpTransport } from './http-transport.ts';
import type { HttpServerSpec, PluginServerSpec, ServerSpec, StdioServerSpec } from './server-spec.ts';
import { inheritedEnvironment } from './spawn-command.ts';
import { type ProcessExit, StdioTransport, tellingLine } from './stdio-transport.ts';
import { CREDENTIALS_HINT, cutWords, describeExit, httpStatus } from './upstream-error.ts';
import { LocalFailure, WireTap } from './wire-tap.ts';

type Sdk = typeof import('@modelcontextprotocol/client');

export interface ConnectDeps {
  readonly clientInfo: { readonly name: string; readonly version: string };
  readonly log: Log;
  /** Our own environment; a child sees the few variables of it that `spawn-command` names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Longest line, or HTTP body, that is read from a server. */
  readonly lineBytes: number;
  readonly fetch?: typeof globalThis.fetch;
  /** The face of a plugin as a transport, not started yet. Its `start` and `send` may throw our own errors. */
  openPlugin?(name: string): Transport;
  /** What the server is told that we can be asked; nothing by default. */
  readonly capabilities?: ClientCapabilities;
  /** Answers a request of the server; without it every request but `ping` is refused. What it throws is told by `code` and `message`. */
  onRequest?(method: string, params: JsonObject, signal: AbortSignal): Promise<JsonObject>;
  /** Told what the server says beside answers, progress and changes of its tools. Must not throw. */
  onNotification?(method: string, params: JsonObject): void;
  /** Told of each process before it is started, for whoever must end it when our own process exits during a start. */
  onPipe?(pipe: { killNow(): void }): void;
}

/** A live connection. Its owner closes it; it closes by itself when the server goes away. */
export interface Connection {
  readonly client: Client;
  readonly era: 'legacy' | 'modern';
  readonly instructions: string | undefined;
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** Resolves once, when the connection has ended for whatever reason. */
  readonly ended: Promise<void>;
  /** How the process ended; undefined while it runs and for remote servers. */
  exit(): ProcessExit | undefined;
  /** The line of the server's standard error that says most. */
  lastWords(): string | undefined;
  /** Resolves when the process group is gone, or the session closed. Never rejects. */
  close(graceMs: number): Promise<void>;
  /** For the exit of our own process. */
  killNow(): void;
}

/** How the two kinds of transport differ once they are open. */
interface OpenTransport {
  readonly transport: Transport;
  readonly stdio: StdioTransport | undefined;
}

const PROBE_MS_MAX = 3_000;
const CLOSE_GRACE_MS = 1_000;

/**
 * Connects. Throws `upstream.unavailable` (cannot be started or reached, exits at once, refuses the credentials),
 * `upstream.timeout` (does not answer within `startTimeoutMs`) or `upstream.protocol` (answers something else than MCP).
 */
export async function connect(spec: ServerSpec, deps: ConnectDeps, signal?: AbortSignal): Promise<Connection> {
  const sdk = await import('@modelcontextprotocol/client');
  const attempts = plannedAttempts(spec);
  const deadline = performance.now() + spec.startTimeoutMs;
  for (let index = 0; ; index += 1) {
    const attempt = attempts[index] as Attempt;
    const open = openTransport(sdk, spec, deps, attempt);
    try {
      return await handshake(sdk, spec, deps, open, attempt, deadline, signal);
    } catch (error) {
      await (open.stdio?.close(CLOSE_GRACE_MS) ?? open.transport.close().catch(() => {}));
      const next = attempts[index + 1];
      if (next?.worthAfter(error) && performance.now() < deadline) continue;
      throw startError(error, spec, open, signal);
    }
  }
}

interface Attempt {
  readonly mode: 'legacy' | 'auto';
  readonly kind: 'streamable' | 'sse';
  /** Whether this attempt may help after the one before it failed with `error`. */
  worthAfter(error: unknown): boolean;
}

function plannedAttempts(spec: ServerSpec): Attempt[] {
  const first: Attempt = { mode: spec.era, kind: 'streamable', worthAfter: () => true };
  if (spec.transport === 'http') {
    const worthAfter = (error: unknown) => [400, 404, 405, 406].includes(httpStatus(error) ?? 0);
    return [first, { mode: 'legacy', kind: 'sse', worthAfter }];
  }
  if (spec.era === 'legacy') return [first];
  // Some older servers exit on any request before `initialize`; a fresh process is asked the older way.
  const worthAfter = (error: unknown) => (error as { code?: unknown }).code === 'ERA_NEGOTIATION_FAILED';
  return [first, { mode: 'legacy', kind: 'streamable', worthAfter }];
}

function openTransport(sdk: Sdk, spec: ServerSpec, deps: ConnectDeps, attempt: Attempt): OpenTransport {
  if (spec.transport === 'http') {
    const fetch = deps.fetch ?? globalThis.fetch;
    const transport = openHttpTransport({ sdk, spec, lineBytes: deps.lineBytes, kind: attempt.kind, fetch });
    return { transport, stdio: undefined };
  }
  return spec.transport === 'plugin' ? openPlugin(spec, deps) : openPipe(spec, deps);
}

function openPlugin(spec: PluginServerSpec, deps: ConnectDeps): OpenTransport {
  if (deps.openPlugin === undefined) throw new Error(`Nobody knows how to reach plugin "${spec.name}".`);
  const transport = deps.openPlugin(spec.name);
  new WireTap(transport);
  return { transport, stdio: undefined };
}

function openPipe(spec: StdioServerSpec, deps: ConnectDeps): OpenTransport {
  const stdio: StdioTransport = new StdioTransport({
    command: spec.command,
    args: spec.args,
    env: { ...inheritedEnvironment(deps.environment), ...spec.env },
    cwd: spec.cwd,
    lineBytes: deps.lineBytes,
    graceMs: CLOSE_GRACE_MS,
    onJunk: (firstLine) =>
      deps.log.warn({ server: spec.name, firstLine }, 'the server writes lines to stdout that are not JSON-RPC'),
    onSkipped: (bytes, id) => {
      deps.log.warn(
        { server: spec.name, bytes, lineBytes: deps.lineBytes },
        'a line of the server was too long and skipped',
      );
      if (id !== undefined) tap.fail(id, new LocalFailure('lineTooLong', bytes));
    },
  });
  const tap = new WireTap(stdio);
  deps.onPipe?.(stdio);
  return { transport: stdio, stdio };
}

async function handshake(
  sdk: Sdk,
  spec: ServerSpec,
  deps: ConnectDeps,
  open: OpenTransport,
  attempt: Attempt,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const leftMs = Math.max(1, deadline - performance.now());
  // A silent pipe is an older server, worth asking the older way; a silent remote server is an outage.
  const probeMs = open.stdio === undefined ? leftMs : Math.min(PROBE_MS_MAX, leftMs / 2);
  const client = new sdk.Client(deps.clientInfo, {
    capabilities: { ...deps.capabilities },
    versionNegotiation: { mode: attempt.mode, probe: { timeoutMs: probeMs } },
  });
  // The SDK puts whole messages into some of these.
  client.onerror = (error) => deps.log.debug({ server: spec.name, reason: error.message.slice(0, 200) }, 'MCP client');
  listenTo(client, deps);
  const ended = new Promise<void>((resolve) => {
    client.onclose = resolve;
  });
  const timeout = AbortSignal.timeout(Math.ceil(leftMs));
  const stop = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  const connecting = client.connect(open.transport, { timeout: Math.ceil(leftMs) + 1_000, signal: stop });
  await untilAborted(connecting, stop);
  return {
    client,
    era: client.getProtocolEra() ?? 'legacy',
    instructions: client.getInstructions(),
    capabilities: client.getServerCapabilities() ?? {},
    ended,
    exit: () => open.stdio?.exit,
    lastWords: () => (open.stdio === undefined ? undefined : tellingLine(open.stdio.stderr)),
    close: (graceMs) => closeConnection(client, open, graceMs),
    killNow: () => open.stdio?.killNow(),
  };
}

/** As fallbacks, because a handler of the SDK reads by schemas that would drop what they do not know. */
function listenTo(client: Client, { onRequest, onNotification }: ConnectDeps): void {
  if (onRequest !== undefined) {
    client.fallbackRequestHandler = ({ method, params }, { mcpReq }) =>
      onRequest(method, (params ?? {}) as JsonObject, mcpReq.signal);
  }
  if (onNotification !== undefined) {
    client.fallbackNotificationHandler = async ({ method, params }) =>
      onNotification(method, (params ?? {}) as JsonObject);
  }
}

/** The SDK does not watch the signal in every phase, so the wait itself ends with it. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  work.catch(() => {});
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function closeConnection(client: Client, open: OpenTransport, graceMs: number): Promise<void> {
  if (open.stdio !== undefined) {
    await open.stdio.close(graceMs);
    return;
  }
  const session = open.transport as { terminateSession?: () => Promise<void> };
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  // A remote server that is told keeps no session of ours; one that does not listen must not hold us.
  await Promise.race([session.terminateSession?.().catch(() => {}) ?? Promise.resolve(), grace]);
  clearTimeout(timer);
  await client.close().catch(() => {});
}

function startError(
  error: unknown,
  spec: ServerSpec,
  open: OpenTransport,
  signal: AbortSignal | undefined,
): OptimizerError {
  const make: Make = (code, message, details = {}) =>
    new OptimizerError(code, message, {
      ...(details.hint === undefined ? {} : { hint: details.hint }),
      ...(details.retryable === undefined ? {} : { retryable: details.retryable }),
      data: { server: spec.name, sent: false, ...details.data },
      cause: error,
    });
  if (signal?.aborted === true) {
    return make('request.cancelled', `Starting server "${spec.name}" was cancelled.`);
  }
  if (spec.transport === 'plugin') return pluginStartError(error, spec, make);
  return open.stdio === undefined || spec.transport === 'http'
    ? httpStartError(error, spec as HttpServerSpec, make)
    : stdioStartError(error, spec, open.stdio, make);
}

/** Why it was refused is in the error already. */
function pluginStartError(error: unknown, spec: PluginServerSpec, make: Make): OptimizerError {
  if (error instanceof OptimizerError) return error;
  if (!isTimeout(error)) return protocolError(error, `Plugin "${spec.name}"`, make);
  return make('upstream.timeout', `Plugin "${spec.name}" did not start within ${spec.startTimeoutMs} ms.`, {
    hint: 'A first start translates the component, which takes some seconds; a later one takes what was kept.',
    data: { timeoutMs: spec.startTimeoutMs },
  });
}

type Make = (
  code: ErrorCode,
  message: string,
  details?: { hint?: string; retryable?: boolean; data?: Record<string, Json> },
) => OptimizerError;

function stdioStartError(error: unknown, spec: StdioServerSpec, pipe: StdioTransport, make: Make): OptimizerError {
  const where = `Server "${spec.name}"`;
  const cause = (error as NodeJS.ErrnoException).code;
  if (pipe.pid === null) return spawnError(cause, spec, make);
  const words = tellingLine(pipe.stderr);
  const quoted = words === undefined ? 'it wrote nothing to stderr' : `its last words: ${words}`;
  const { lines, first } = pipe.junk;
  if (pipe.messages === 0 && lines > 0) {
    return make(
      'upstream.protocol',
      `${where} wrote ${lines} lines to stdout that are not JSON-RPC and no answer; the first: ${JSON.stringify(first)}.`,
      { hint: 'Check that the command starts an MCP server over stdio, and that it logs to stderr.', retryable: false },
    );
  }
  if (isTimeout(error)) {
    return make(
      'upstream.timeout',
      `${where} did not answer within ${spec.startTimeoutMs} ms of its start; ${quoted}.`,
      {
        hint: `Raise \`startTimeoutMs\` of the server, or run its command by hand: ${spec.command}`,
        data: { timeoutMs: spec.startTimeoutMs },
      },
    );
  }
  if (pipe.exit !== undefined && pipe.messages === 0) {
    return make('upstream.unavailable', `${where} ended at once (${describeExit(pipe.exit)}); ${quoted}.`, {
      hint: 'Run the command of the server by hand; a missing variable or argument is the usual reason.',
      data: { exitCode: pipe.exit.code },
    });
  }
  return protocolError(error, where, make);
}

function spawnError(cause: string | undefined, spec: StdioServerSpec, make: Make): OptimizerError {
  const where = `Server "${spec.name}"`;
  if (spec.cwd !== undefined && !existsSync(spec.cwd)) {
    return make('upstream.unavailable', `${where}: its working directory ${spec.cwd} does not exist.`, {
      hint: 'Correct `cwd` of the server in the config.',
      retryable: false,
    });
  }
  if (cause === 'ENOENT') {
    return make('upstream.unavailable', `${where}: the command \`${spec.command}\` was not found.`, {
      hint: `Install it, or give its full path as \`command\`; it is searched along PATH.`,
      retryable: false,
      data: { command: spec.command },
    });
  }
  return make(
    'upstream.unavailable',
    `${where}: the command \`${spec.command}\` cannot be started (${cause ?? 'unknown'}).`,
    {
      hint: cause === 'EACCES' ? 'Make the file executable.' : 'Start the command by hand to see why.',
      retryable: false,
      data: { command: spec.command },
    },
  );
}

function httpStartError(error: unknown, spec: HttpServerSpec, make: Make): OptimizerError {
  const where = `Server "${spec.name}"`;
  const status = httpStatus(error);
  // Only the origin is named: a path or query may hold a key.
  const origin = new URL(spec.url).origin;
  if (status === 401 || status === 403) {
    return make('upstream.unavailable', `${where} refused the credentials (HTTP ${status} from ${origin}).`, {
      hint: CREDENTIALS_HINT,
      retryable: false,
      data: { httpStatus: status },
    });
  }
  if (status !== undefined) {
    return make('upstream.unavailable', `${where} answered HTTP ${status} at ${origin}.`, {
      hint: 'Check the `url` of the server in the config.',
      data: { httpStatus: status },
    });
  }
  if (isTimeout(error)) {
    return make('upstream.timeout', `${where} at ${origin} did not answer within ${spec.startTimeoutMs} ms.`, {
      data: { timeoutMs: spec.startTimeoutMs },
    });
  }
  const system = systemCode(error);
  if (system !== undefined) {
    return make('upstream.unavailable', `${where} cannot be reached at ${origin} (${system}).`, {
      hint: 'Check the `url` of the server, and that it runs.',
    });
  }
  return protocolError(error, where, make);
}

function protocolError(error: unknown, where: string, make: Make): OptimizerError {
  const words = cutWords(error instanceof Error ? error.message : String(error), 300);
  return make('upstream.protocol', `${where} does not speak MCP as expected: ${words}`, { retryable: false });
}

function isTimeout(error: unknown): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === 'TimeoutError' || code === 'REQUEST_TIMEOUT';
}

/** The errno code at the bottom of a chain of causes; `fetch` wraps it once, the SDK once more. */
export function systemCode(error: unknown): string | undefined {
  let next: unknown = error;
  for (let depth = 0; depth < 5 && typeof next === 'object' && next !== null; depth += 1) {
    const { code, cause, errors, data } = next as {
      code?: unknown;
      cause?: unknown;
      errors?: unknown[];
      data?: unknown;
    };
    if (typeof code === 'string' && /^E[A-Z]{3,}$/.test(code)) return code;
    next = cause ?? errors?.[0] ?? (data as { cause?: unknown } | undefined)?.cause;
  }
  return error instanceof TypeError && error.message === 'fetch failed' ? 'fetch failed' : undefined;
}
