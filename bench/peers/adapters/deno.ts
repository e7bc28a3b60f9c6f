/**
 * `deno`: `deno run --no-prompt` without any permission, one process for each run, tools as JSON lines over its pipes. Its
 * heap is limited by V8's own flag, which does not cover array buffers. Time runs from the start of the process.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GUEST_SIDE, runInProcess } from '../line-process.ts';
import type { Open } from '../peer.ts';

const RUNNER = `
  const encoder = new TextEncoder();
  function writeLine(message) {
    const bytes = encoder.encode(JSON.stringify(message) + '\\n');
    for (let sent = 0; sent < bytes.length; ) sent += Deno.stdout.writeSync(bytes.subarray(sent));
  }
  async function* readLines() {
    let rest = '';
    for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split('\\n');
      rest = lines.pop();
      yield* lines;
    }
  }
  ${GUEST_SIDE}`;

export const open: Open = async ({ tools, timeLimitMs, memoryLimitBytes }) => {
  const command = denoBinary();
  const folder = mkdtempSync(join(tmpdir(), 'mcp-optimizer-deno-'));
  const runner = join(folder, 'runner.mjs');
  writeFileSync(runner, RUNNER);
  const args = [
    ...['run', '--no-prompt', '--quiet', '--no-config', '--no-lock'],
    `--v8-flags=--max-old-space-size=${memoryLimitBytes / 2 ** 20}`,
    runner,
  ];
  const env = { DENO_DIR: join(folder, 'cache'), DENO_NO_UPDATE_CHECK: '1', HOME: folder };
  return {
    run: (program) => runInProcess({ command, args, env, tools, timeLimitMs }, program.javascript('tools')),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
};

/** The executable itself; the package's command is a Node script that starts it. */
function denoBinary(): string {
  const scope = join(import.meta.dirname, '../node_modules/@deno');
  const name = process.platform === 'win32' ? 'deno.exe' : 'deno';
  const files = existsSync(scope) ? readdirSync(scope).map((folder) => join(scope, folder, name)) : [];
  const file = files.find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error('The package `deno` brought no executable for this platform.');
  return file;
}
