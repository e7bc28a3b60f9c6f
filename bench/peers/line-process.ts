/**
 * One run in a process of its own that speaks JSON lines: the program goes in, calls of tools come out and are answered,
 * the value or the failure is the last line. Used by the peers that are processes.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Json } from '../../src/core/json.ts';
import type { Tools } from './peer.ts';

export interface LineProcess {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly tools: Tools;
  readonly timeLimitMs: number;
  /** Ends what the process started, where ending the process is not enough. */
  onTimeout?(): void;
}

type Line = { call: number; tool: string; args: Record<string, Json> } | { value: unknown } | { error: string };

/** Body of the guest's side; `readLines` must yield the lines of its input and `writeLine` must be there. */
export const GUEST_SIDE = `
  const waiting = new Map();
  let calls = 0;
  const tools = new Proxy({}, {
    get: (_, tool) => (args) => new Promise((resolve) => {
      const call = calls++;
      waiting.set(call, resolve);
      writeLine({ call, tool, args });
    }),
  });
  const AsyncFunction = (async () => {}).constructor;
  const run = async (code) => {
    try {
      writeLine({ value: await new AsyncFunction('tools', code)(tools) });
    } catch (error) {
      writeLine({ error: String(error) });
    }
  };
  for await (const line of readLines()) {
    const message = JSON.parse(line);
    if ('code' in message) run(message.code);
    else {
      waiting.get(message.call)(message.value);
      waiting.delete(message.call);
    }
  }`;

/** Rejects when the program fails, when the process ends without an answer, and when it is stopped. */
export function runInProcess(process: LineProcess, code: string): Promise<unknown> {
  const { command, args, env, tools, timeLimitMs } = process;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...(env ? { env } : {}) });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`stopped after ${timeLimitMs} ms`));
      process.onTimeout?.();
      child.kill('SIGKILL');
    }, timeLimitMs);
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-500);
    });
    child.stdin.on('error', () => {});
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      reject(new Error(`the process ended with ${status}: ${errors.trim()}`));
    });
    eachLine(child, (line) => {
      const message = JSON.parse(line) as Line;
      if ('call' in message) void answer(child, tools, message);
      else {
        if ('value' in message) resolve(message.value);
        else reject(new Error(message.error));
        child.stdin.end();
      }
    });
    child.stdin.write(`${JSON.stringify({ code })}\n`);
  });
}

async function answer(
  child: ChildProcessWithoutNullStreams,
  tools: Tools,
  { call, tool, args }: { call: number; tool: string; args: Record<string, Json> },
): Promise<void> {
  const value = await tools[tool]?.(args);
  child.stdin.write(`${JSON.stringify({ call, value })}\n`);
}

function eachLine(child: ChildProcessWithoutNullStreams, heard: (line: string) => void): void {
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) heard(line);
  });
}
