/**
 * A Docker container for each run: `docker run` with Node in it, no network, a memory limit, no capabilities, tools as JSON
 * lines over its pipes. Only where an engine answers and has the image; nothing is pulled. Memory of the containers is not
 * in the process tree.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { GUEST_SIDE, runInProcess } from '../line-process.ts';
import type { Open } from '../peer.ts';

const RUNNER = `
  const writeLine = (message) => process.stdout.write(JSON.stringify(message) + '\\n');
  const readLines = () => require('node:readline').createInterface({ input: process.stdin, crlfDelay: Infinity });
  (async () => {${GUEST_SIDE}})();`;

const ENGINE_TIMEOUT_MS = 5_000;
const docker = (...args: string[]) => promisify(execFile)('docker', args, { timeout: ENGINE_TIMEOUT_MS });

export const open: Open = async ({ tools, timeLimitMs, memoryLimitBytes }) => {
  const image = process.env.MCP_OPTIMIZER_BENCH_IMAGE ?? 'node:26-alpine';
  await docker('version', '--format', '{{.Server.Version}}').catch(() => {
    throw new Error('No Docker engine answers.');
  });
  await docker('image', 'inspect', image).catch(() => {
    throw new Error(`The Docker engine has no image ${image}; pull it, or name one in MCP_OPTIMIZER_BENCH_IMAGE.`);
  });
  return {
    run(program) {
      const name = `mcp-optimizer-bench-${randomUUID()}`;
      const args = [
        ...['run', '--interactive', '--rm', '--name', name, '--network=none', '--read-only', '--cap-drop=ALL'],
        ...['--pids-limit=64', `--memory=${memoryLimitBytes}`, `--memory-swap=${memoryLimitBytes}`, image],
        ...['node', '-e', RUNNER],
      ];
      const onTimeout = (): void => void docker('kill', name).catch(() => {});
      return runInProcess({ command: 'docker', args, tools, timeLimitMs, onTimeout }, program.javascript('tools'));
    },
    close: async () => {},
  };
};
