/** An asker that stops the clock of its run while it asks. */
import { MovableDeadline } from '../sandbox/deadline.ts';
import type { Asker } from '../upstream/asker.ts';
import type { RunContext } from './request.ts';

/** `context` with such an asker, and the deadline that it moves; without an asker nothing is added. */
export function pausing(
  context: RunContext,
  monotonicMs: () => number,
): { context: RunContext; deadline?: MovableDeadline } {
  const { asker } = context;
  if (asker === undefined) return { context };
  const deadline = new MovableDeadline(monotonicMs);
  const pausingAsker: Asker = {
    client: asker.client,
    async ask(question, signal) {
      const release = deadline.hold();
      try {
        return await asker.ask(question, signal);
      } finally {
        release();
      }
    },
  };
  return { context: { ...context, asker: pausingAsker }, deadline };
}
