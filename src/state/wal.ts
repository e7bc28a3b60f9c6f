/** Write-ahead mode for a SQLite file that several processes may make at the same moment. */
import type { DatabaseSync } from 'node:sqlite';

/**
 * Changing the journal mode takes a lock for which SQLite does not wait, so two processes that make the file at the same
 * moment would fail. The loser tries again until `waitMs` has passed; the pause is short and happens only then.
 */
export function enterWriteAheadMode(database: DatabaseSync, waitMs: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = performance.now() + waitMs; ; ) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

/** SQLITE_BUSY is 5, SQLITE_LOCKED 6; the upper bits refine them. */
function isBusy(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return code === 5 || code === 6;
}
