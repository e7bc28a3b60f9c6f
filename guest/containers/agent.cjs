/**
 * The agent that waits inside a Node container. It is the text of `node -e`, so the image needs no file of ours. It says
 * `ready`, waits for one program on stdin, runs it, tells its end and exits: a container serves one run.
 *
 *   stdin   one JSON object per line: the run, then {"reply": call, "ok": …, "value" | "error": …}
 *   stdout  frames RS NONCE text RS NONCE LF (src/sandbox/docker/frames.ts); anything between them is the log's
 *   stderr  the log's, and an empty frame at the end
 *
 * Nothing here guards a border: the program may do to this process what it likes. The border is the container.
 */
const fs = require('node:fs');
const path = require('node:path');
const util = require('node:util');
const vm = require('node:vm');
const { createRequire } = require('node:module');
const { Readable, Writable } = require('node:stream');

const nonce = process.argv[1];
const opening = `\x1e${nonce}`;
const closing = `\x1e${nonce}\n`;
const FILE = 'program.js';
const WORDS_MAX = 8_000;
const { stdin } = process;

let dropped = 0;
let logLeft = 0;
let isOver = false;
let nextCall = 1;
const pending = new Map();
const callOf = new WeakMap();

function writeAll(buffer) {
  for (let at = 0; at < buffer.length; ) {
    try {
      at += fs.writeSync(1, buffer, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function frame(head, body) {
  return [Buffer.from(opening + head), body ?? Buffer.alloc(0), Buffer.from(closing)];
}

function send(head, body) {
  writeAll(Buffer.concat(frame(head, body)));
}

function log(level, text) {
  if (text.length >= logLeft) {
    logLeft = 0;
    dropped++;
    return;
  }
  logLeft -= text.length + 1;
  send(`log ${level} ${text}`);
}

// ---- calls -------------------------------------------------------------------------------------------------------

function call(interfaceName, functionName, args) {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(args);
    const id = nextCall++;
    pending.set(id, { resolve, reject });
    // Only a call under way keeps the process alive: a program that waits for nothing is told so.
    stdin.ref();
    send(`call ${id} ${interfaceName} ${functionName} ${text}`);
  });
}

function settle({ reply, ok, value, error: record }) {
  const waiting = pending.get(reply);
  if (waiting === undefined) return;
  pending.delete(reply);
  if (pending.size === 0) stdin.unref();
  if (ok) {
    waiting.resolve(value);
    return;
  }
  const error = new Error(record.message);
  const { code, tool, hint, retryable, issues, data } = record;
  const said = { name: tool ? 'ToolError' : 'HostError', code, tool, hint, retryable, issues, data };
  for (const [key, of] of Object.entries(said)) {
    if (of !== undefined) Object.defineProperty(error, key, { value: of, configurable: true, writable: true });
  }
  callOf.set(error, reply);
  waiting.reject(error);
}

function namespace(get, names) {
  return new Proxy(Object.create(null), {
    get: (_, key) => (typeof key === 'symbol' || key === 'then' || key === 'toJSON' ? undefined : get(key)),
    has: (_, key) => typeof key === 'string' && names().includes(key),
    ownKeys: () => names(),
    getOwnPropertyDescriptor: (_, key) =>
      names().includes(key) ? { value: get(key), enumerable: true, configurable: true, writable: false } : undefined,
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  });
}

function toolFunction(server, tool, raw) {
  return async (...args) => {
    if (args.length > 1) {
      throw new Error(`tools.${server}.${tool} takes one object of named arguments, not ${args.length} arguments`);
    }
    return call('tools', 'call', [server, tool, args[0] ?? {}, raw]);
  };
}

function toolsOf(inventory) {
  const ofServer = (server, raw) =>
    namespace(
      (key) => (key === '$raw' && !raw ? ofServer(server, true) : toolFunction(server, key, raw)),
      () => (Object.hasOwn(inventory, server) ? inventory[server] : []),
    );
  return namespace(
    (server) => ofServer(server, false),
    () => Object.keys(inventory),
  );
}

const context = {
  get: async (key) => (await call('context', 'get', [key]))?.value,
  entry: async (key) => (await call('context', 'get', [key])) ?? undefined,
  set: (key, value, options) =>
    call('context', 'set', [key, value, options?.ttlMs ?? null, options?.ifVersion ?? null]),
  increment: async (key, by = 1, options = {}) =>
    (await call('context', 'increment', [key, by, options.ttlMs ?? null])).value,
  delete: (key) => call('context', 'delete', [key]),
  list: (prefix) => call('context', 'list', [prefix ?? null]),
};

const intents = namespace(
  (name) => (given) => call('intents', 'call', [name, given ?? {}]),
  () => [],
);

// ---- the log -----------------------------------------------------------------------------------------------------

/** What stands behind `process.stdout` and `process.stderr`: whole lines, into the log. */
function logStream(level) {
  let rest = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop();
      for (const line of lines) log(level, line);
      done();
    },
  });
  stream.finish = () => {
    if (rest !== '') log(level, rest);
    rest = '';
  };
  return stream;
}

function consoleOf() {
  const write =
    (level) =>
    (...args) =>
      log(level, util.format(...args));
  const info = write('info');
  const error = write('error');
  return {
    ...console,
    log: info,
    info,
    debug: write('debug'),
    trace: write('debug'),
    warn: write('warn'),
    error,
    dir: (value) => log('info', util.inspect(value)),
    table: (value) => log('info', util.inspect(value)),
    assert: (condition, ...args) => {
      if (!condition) error('Assertion failed:', ...args);
    },
  };
}

// ---- the end -----------------------------------------------------------------------------------------------------

function usage() {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuMs: (userCPUTime + systemCPUTime) / 1000, memoryBytes: maxRSS * 1024 };
}

function leave(head, body) {
  if (isOver) return;
  isOver = true;
  process.stdout.finish?.();
  process.stderr.finish?.();
  fs.writeSync(2, opening + closing);
  // In one piece: each write is a trip through the engine.
  writeAll(Buffer.concat([...frame(`usage ${JSON.stringify({ ...usage(), dropped })}`), ...frame(head, body)]));
  process.reallyExit(0);
}

const fail = (kind, said) => leave(`fail ${JSON.stringify({ kind, ...said })}`);

function failWith(error) {
  if ((typeof error !== 'object' && typeof error !== 'function') || error === null) {
    fail('error', { message: `the program threw ${util.inspect(error).slice(0, WORDS_MAX)}` });
    return;
  }
  const name = String(error.name ?? 'Error');
  const message = String(error.message ?? util.inspect(error)).slice(0, WORDS_MAX);
  const isPlain = ['Error', 'ToolError', 'HostError'].includes(name) || message.startsWith(name);
  const [, line, column] = /program\.js:(\d+):(\d+)/.exec(String(error.stack ?? '')) ?? [];
  fail('error', {
    message: isPlain ? message : `${name}: ${message}`,
    ...(line === undefined ? {} : { line: Number(line), column: Number(column) }),
    ...(callOf.has(error) ? { call: callOf.get(error) } : {}),
  });
}

function refusalOf(value) {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') return `a ${typeof value}`;
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number that is not finite';
  if (value instanceof Map) return 'a Map; return [...map] or Object.fromEntries(map)';
  if (value instanceof Set) return 'a Set; return [...set]';
  return undefined;
}

function finish(value, run) {
  const refused = refusalOf(value);
  if (refused !== undefined) return fail('result', { message: `the program returned ${refused}` });
  let text;
  try {
    text = value === undefined ? 'null' : JSON.stringify(value);
  } catch (error) {
    return fail('result', { message: `the returned value cannot be written as JSON: ${error.message}` });
  }
  if (text === undefined) return fail('result', { message: 'the program returned a value without a JSON form' });
  const bytes = Buffer.from(text);
  if (bytes.length > run.valueBytes) return fail('tooLarge', { bytes: bytes.length });
  giveFiles(run.filesOut, run.filesBytes);
  leave('done ', bytes);
}

function giveFiles(paths, bytesMax) {
  let total = 0;
  for (const name of paths) {
    try {
      const stat = fs.statSync(name);
      // A pipe would be waited for, and a device has no end.
      if (!stat.isFile()) {
        send(`log warn files.out: \`${name}\`: not a regular file`);
        continue;
      }
      total += stat.size;
      if (total > bytesMax) return fail('files', {});
      send(`file ${name}\n`, fs.readFileSync(name));
    } catch (error) {
      send(`log warn files.out: \`${name}\`: ${error.code ?? error.message}`);
    }
  }
}

// ---- the run -----------------------------------------------------------------------------------------------------

async function serve(run) {
  logLeft = run.logBytes;
  const define = (target, key, value) =>
    Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false });
  define(process, 'stdin', Readable.from([]));
  define(process, 'stdout', logStream('info'));
  define(process, 'stderr', logStream('warn'));
  for (const [name, data] of Object.entries(run.filesIn)) {
    fs.mkdirSync(path.dirname(name), { recursive: true });
    fs.writeFileSync(name, Buffer.from(data, 'base64'));
  }
  const file = path.resolve(FILE);
  const globals = { params: run.params, console: consoleOf(), require: createRequire(file), __filename: file };
  Object.assign(globals, { __dirname: path.dirname(file), module: { exports: {} } });
  if (run.grants.includes('tools')) {
    Object.assign(globals, { tools: toolsOf(run.inventory) });
    globals.search = (query, limit) => call('tools', 'search', [query, limit ?? null]);
  }
  if (run.grants.includes('context')) globals.context = context;
  if (run.grants.includes('intents')) globals.intents = intents;
  if (run.grants.includes('blobs')) globals.load = (handle) => call('blobs', 'load', [handle]);
  if (run.grants.includes('content')) globals.emit = (block) => call('content', 'emit', [block]);
  for (const [name, value] of Object.entries(globals)) define(globalThis, name, value);
  const script = new vm.Script(run.code, {
    filename: FILE,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  finish(await script.runInThisContext()(), run);
}

process.on('uncaughtException', failWith);
process.on('unhandledRejection', failWith);
process.on('beforeExit', () => {
  if (!isOver) fail('stalled', {});
});
process.on('exit', (status) => {
  if (isOver) return;
  if (status === 0) leave('done ', Buffer.from('null'));
  else fail('error', { message: `the program exited with status ${status}` });
});

let isRunning = false;
let unread = '';
stdin.setEncoding('utf8');
stdin.on('end', () => process.reallyExit(0));
stdin.on('data', (chunk) => {
  // A long line comes in many chunks: they are joined when its end is there.
  unread += chunk;
  for (let end = unread.indexOf('\n'); end >= 0; end = unread.indexOf('\n')) {
    const message = JSON.parse(unread.slice(0, end));
    unread = unread.slice(end + 1);
    if (isRunning) {
      settle(message);
      continue;
    }
    isRunning = true;
    stdin.unref();
    serve(message).catch(failWith);
  }
});
send(`ready ${JSON.stringify(usage())}`);
