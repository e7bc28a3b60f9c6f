/**
 * A backend that runs each program in a Node process of its own: the smallest complete one. It is an example of the
 * contract, not of isolation: the child runs as you, `node:vm` is no wall, and only the deadline bounds processor time.
 *
 *   run ─▶ child (started for it, spoken to over stdin and stdout, one JSON object a line) ─▶ end ─▶ child is gone
 */
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eachLine } from './lines.mjs';

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));

/** The executable of the optimizer is no Node; then the one of the PATH is taken. */
const NODE = /^node/.test(basename(process.execPath)) ? process.execPath : 'node';

export class ChildBackend {
  name = 'child';
  #options;
  #running = new Set();
  #completed = 0;

  /** `options`: what the config says under `backends.child`. `inventory`: what `Object.keys(tools)` answers. */
  constructor({ options = {}, inventory = () => ({}) } = {}) {
    this.#options = { node: options.node ?? NODE, inventory };
  }

  /** Resolves exactly once, whatever the program does. The deadline and a cancellation both arrive as `request.signal`. */
  async run(request) {
    const startedMs = performance.now();
    const child = spawn(this.#options.node, [`--max-old-space-size=${heapMb(request.limits)}`, CHILD], {
      env: { PATH: process.env.PATH },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#running.add(child);
    const stop = () => child.kill('SIGKILL');
    request.signal.addEventListener('abort', stop, { once: true });
    const logs = [];
    let hostCalls = 0;
    let end;
    const send = (message) => child.stdin.writable && child.stdin.write(`${JSON.stringify(message)}\n`);
    child.stdin.on('error', () => {});
    // Its streams are closed as well by then, so nothing of it comes later.
    const gone = new Promise((resolve) => {
      child.on('close', resolve);
      child.on('error', resolve);
    });
    eachLine(child.stdout, async (line) => {
      const message = messageOf(line);
      if (message.type === 'log') {
        logs.push(message.line);
        request.onLog?.(message.line);
      } else if (message.type === 'call') {
        hostCalls++;
        const reply = await request.hostCall(message.call);
        send({
          call: message.call.call,
          ok: reply.ok,
          text: 'text' in reply ? reply.text : JSON.stringify(reply.value),
        });
      } else if (message.type === 'end') {
        end = message;
        stop();
      }
    });
    const { source, paramsText, grants, limits } = request;
    send({ source, paramsText, grants, logBytes: limits.logBytes, tools: this.#options.inventory() });
    await gone;
    request.signal.removeEventListener('abort', stop);
    this.#running.delete(child);
    this.#completed++;
    const usage = { wallMs: performance.now() - startedMs, guestCpuMs: 0, queueMs: 0, hostCalls };
    const rest = { logs, logsDropped: end?.logsDropped ?? 0, callsLeft: end?.callsLeft ?? 0, usage };
    if (end === undefined) {
      // Not by the program's own doing: out of memory, killed by somebody, or told to stop, which the caller knows better.
      return {
        failure: { code: 'sandbox.lost', message: 'the process of the run has ended before its answer' },
        ...rest,
      };
    }
    return { valueText: end.valueText, failure: end.failure, ...rest };
  }

  stats() {
    return { backend: this.name, running: this.#running.size, completed: this.#completed };
  }

  async close() {
    for (const child of this.#running) child.kill('SIGKILL');
  }
}

/** The program can write to the pipe too; what is no message of ours is none. */
function messageOf(line) {
  try {
    return JSON.parse(line) ?? {};
  } catch {
    return {};
  }
}

function heapMb({ memoryBytes }) {
  return Math.ceil(memoryBytes / (1024 * 1024));
}

/** What the config's `modules` calls. */
export function register({ registerBackend }) {
  registerBackend('child', (context) => new ChildBackend(context));
}
