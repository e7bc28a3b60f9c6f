/** One program: its globals, its calls, its end. Started by child-backend.mjs; ends when it is killed. */
import { inspect } from 'node:util';
import { createContext, Script } from 'node:vm';
import { eachLine } from './lines.mjs';

const FILE = 'program.js';
const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const pending = new Map();
const callOf = new WeakMap();
let nextCall = 1;
let isOver = false;

let isStarted = false;
eachLine(process.stdin, (line) => {
  const message = JSON.parse(line);
  if (isStarted) settle(message);
  else start(message);
  isStarted = true;
});

function settle({ call, ok, text }) {
  const waiting = pending.get(call);
  pending.delete(call);
  const data = JSON.parse(text);
  if (ok) waiting?.resolve(data);
  else
    waiting?.reject(
      Object.assign(new Error(data.message), data, { name: data.tool ? 'ToolError' : 'HostError' }),
      call,
    );
}

/** A call of the host: an interface and a function of the contract, and the arguments as JSON. */
function hostCall(interfaceName, functionName, args) {
  return new Promise((resolve, reject) => {
    const call = nextCall++;
    pending.set(call, {
      resolve,
      reject(error) {
        callOf.set(error, call);
        reject(error);
      },
    });
    send({ type: 'call', call: { call, interfaceName, functionName, argumentsText: JSON.stringify(args) } });
  });
}

async function start({ source, paramsText, grants, logBytes, tools }) {
  let left = logBytes;
  let logsDropped = 0;
  const log = (level, values) => {
    if (isOver) return;
    const text = values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' ');
    if (text.length > left) logsDropped++;
    else send({ type: 'log', line: { level, text } });
    left -= Math.min(left, text.length);
  };
  const end = (result) => {
    if (isOver) return;
    isOver = true;
    send({ type: 'end', logsDropped, callsLeft: pending.size, ...result });
  };
  const context = createContext(globalsOf({ grants, tools, log, params: JSON.parse(paramsText) }));
  // V8 puts a console of its own into every context.
  if (!grants.includes('console')) new Script('delete globalThis.console').runInContext(context);
  // A promise that the program has let go is not the end of it.
  process.on('unhandledRejection', () => {});
  try {
    const program = new Script(`(${source})`, { filename: FILE }).runInContext(context);
    end(endOf(await program()));
  } catch (error) {
    end({ failure: failureOf(error) });
  }
}

function endOf(value) {
  try {
    const valueText = JSON.stringify(value ?? null);
    if (valueText !== undefined) return { valueText };
  } catch {
    // Said below.
  }
  return { failure: { code: 'program.result', message: 'the program returned a value that is not JSON' } };
}

function failureOf(error) {
  const call = typeof error === 'object' && error !== null ? callOf.get(error) : undefined;
  const [, line, column] = /program\.js:(\d+)(?::(\d+))?/.exec(String(error?.stack)) ?? [];
  return {
    code: 'program.error',
    message: error?.message ? String(error.message) : `the program threw ${String(error)}`,
    ...(line ? { line: Number(line) } : {}),
    ...(column ? { column: Number(column) } : {}),
    ...(call ? { call } : {}),
  };
}

/** Only what is granted; names are those of docs/backends.md. */
function globalsOf({ grants, tools, log, params }) {
  const globals = { params, structuredClone, queueMicrotask };
  const offers = {
    tools: () => ({
      tools: toolsProxy(tools),
      search: (query, limit) => hostCall('tools', 'search', [query, limit ?? null]),
    }),
    console: () => ({ console: consoleOf(log) }),
    timers: () => ({ setTimeout, clearTimeout }),
    url: () => ({ URL, URLSearchParams }),
    random: () => ({
      crypto: { randomUUID: () => crypto.randomUUID(), getRandomValues: (a) => crypto.getRandomValues(a) },
    }),
    context: () => ({
      context: Object.fromEntries(
        ['get', 'set', 'increment', 'delete', 'list'].map((name) => [
          name,
          (...args) => hostCall('context', name, args),
        ]),
      ),
    }),
    blobs: () => ({ load: (handle) => hostCall('blobs', 'load', [handle]) }),
    content: () => ({ emit: (block) => hostCall('content', 'emit', [block]) }),
  };
  for (const grant of grants) Object.assign(globals, offers[grant]?.());
  return globals;
}

/** `tools.server.tool(args)`, and the whole MCP result with `tools.server.$raw.tool(args)`. */
function toolsProxy(inventory) {
  const serverOf = (server, names, isRaw) =>
    new Proxy(Object.create(null), {
      get(_, tool) {
        if (typeof tool !== 'string' || tool === 'then') return undefined;
        if (tool === '$raw' && !isRaw) return serverOf(server, names, true);
        return (args = {}) => hostCall('tools', 'call', [server, tool, args, isRaw]);
      },
      ownKeys: () => [...names],
      getOwnPropertyDescriptor: (_, tool) =>
        names.includes(tool) ? { enumerable: true, configurable: true } : undefined,
    });
  return new Proxy(Object.create(null), {
    get: (_, server) => (typeof server === 'string' ? serverOf(server, inventory[server] ?? [], false) : undefined),
    ownKeys: () => Object.keys(inventory),
    getOwnPropertyDescriptor: (_, server) =>
      Object.hasOwn(inventory, server) ? { enumerable: true, configurable: true } : undefined,
  });
}

function consoleOf(log) {
  return {
    debug: (...values) => log('debug', values),
    log: (...values) => log('info', values),
    info: (...values) => log('info', values),
    warn: (...values) => log('warn', values),
    error: (...values) => log('error', values),
  };
}
