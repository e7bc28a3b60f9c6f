/**
 * `node:vm`: a new context for each run. Not a sandbox (a program can reach the host's own process), but the floor: what a
 * fresh realm costs in the engine that runs the host. The time limit covers the first stretch only; a loop after an await
 * hangs the process.
 */
import { createContext, Script } from 'node:vm';
import { type Open, withDeadline } from '../peer.ts';

export const open: Open = async ({ tools, timeLimitMs }) => ({
  async run(program) {
    const context = createContext({ tools });
    const script = new Script(`(async () => {${program.javascript('tools')}\n})()`);
    return withDeadline(script.runInContext(context, { timeout: timeLimitMs }), timeLimitMs, () => {});
  },
  close: async () => {},
});
