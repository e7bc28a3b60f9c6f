// Generated from wit/ by build/wit; do not edit.
/** Interface → function → 1 when it answers by a promise, 0 when it answers at once. */
export const STUBS = {
  blobs: { load: 1 },
  clock: { now: 0, monotonic: 0 },
  console: { write: 0 },
  content: { emit: 1 },
  context: { get: 1, set: 1, increment: 1, delete: 1, list: 1 },
  intents: { call: 1 },
  random: { bytes: 0, uuid: 0 },
  timers: { sleep: 1 },
  tools: { call: 1, names: 0, search: 1 },
  url: { parse: 0, update: 0 },
} as const;
