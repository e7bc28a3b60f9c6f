/**
 * Ending a server and everything it started. A server is often a wrapper (`npx`, a shell script) around the real one,
 * and some ignore the end of their input, so the whole process group is signalled, also when its leader has already
 * gone. On Windows there are no process groups; `taskkill /T` ends the tree while the leader lives.
 *
 *   end of input ─▶ (quarter of the grace, at most 250 ms) ─▶ SIGTERM to the group ─▶ (grace) ─▶ SIGKILL to the group
 */
import { spawn } from 'node:child_process';

const POLL_MS = 15;
const SOFT_MS = 250;
/** How long a killed group may still be seen: orphans wait for the init process to collect them. */
const AFTER_KILL_MS = 500;

/** Sends `signal` to the group that `pid` leads. False when nobody is left in it. */
export function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    if (process.platform !== 'win32') return process.kill(-pid, signal);
    if (signal === 0) return process.kill(pid, 0);
    const force = signal === 'SIGKILL' ? ['/F'] : [];
    spawn('taskkill', ['/pid', String(pid), '/T', ...force], { stdio: 'ignore', windowsHide: true }).on(
      'error',
      () => {},
    );
    return true;
  } catch (error) {
    // EPERM means that a member exists which we may not signal; ESRCH that there is none.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export interface EndGroupOptions {
  readonly pid: number;
  readonly graceMs: number;
  /** Asks politely first: closes the server's standard input. */
  endInput(): void;
}

/** Resolves when no member of the group is left, or after SIGKILL when the system does not collect it. Never rejects. */
export async function endGroup({ pid, graceMs, endInput }: EndGroupOptions): Promise<void> {
  endInput();
  if (graceMs > 0) {
    const softMs = Math.min(SOFT_MS, graceMs / 4);
    if (await gone(pid, softMs)) return;
    signalGroup(pid, 'SIGTERM');
    if (await gone(pid, graceMs - softMs)) return;
  }
  signalGroup(pid, 'SIGKILL');
  await gone(pid, AFTER_KILL_MS);
}

async function gone(pid: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (!signalGroup(pid, 0)) return true;
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
