/**
 * The hostile programs once more, while other processes take every processor of the machine: deadlines are then told by
 * clocks that run on while a thread waits for its turn, and no answer may hang on who gets one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll } from 'vitest';
import { startBackend } from '../sandbox/world.ts';
import { corpusSuite } from './corpus-suite.ts';

const neighbours: ChildProcess[] = [];
beforeAll(() => {
  for (let processor = 0; processor < availableParallelism(); processor++) {
    // They end with this process whatever becomes of it: their input is its pipe.
    const code =
      'process.stdin.on("end", () => process.exit()).resume(); setInterval(() => { for (const t = Date.now(); Date.now() - t < 50;); }, 1)';
    neighbours.push(spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'ignore', 'ignore'] }));
  }
});
afterAll(() => {
  for (const neighbour of neighbours) neighbour.kill('SIGKILL');
});

corpusSuite('beside busy neighbours', () => () => 'one', startBackend, [], ['open.jsonl']);
