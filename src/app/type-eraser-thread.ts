/** Starts the thread that erases TypeScript types: at the first program with types, never before. */
import { Worker } from 'node:worker_threads';
import { ERASER_SCRIPT, type EraserThread } from '../engine/type-eraser.ts';

/** Deep texts end at the eraser's own stack, not at the thread's. */
const STACK_MB = 16;

export function spawnEraserThread(): EraserThread {
  return new Worker(ERASER_SCRIPT, {
    eval: true,
    env: {},
    stdin: false,
    resourceLimits: { stackSizeMb: STACK_MB },
  }) as unknown as EraserThread;
}
