/**
 * Whose a container is. Every container carries the process that made it (host, pid, when that process started) and when
 * it was made, so that what a crashed process has left is told from what a living sibling uses. A pid alone is not enough:
 * pids come again.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

export interface Owner {
  /** Another machine, or another container with the same engine, may use the same pids. */
  readonly host: string;
  readonly pid: number;
  /** When the process started, in a form that only this host can read; empty when the system does not say. */
  readonly started: string;
}

export const LABELS = {
  host: 'mcp-optimizer.owner.host',
  pid: 'mcp-optimizer.owner.pid',
  started: 'mcp-optimizer.owner.started',
  made: 'mcp-optimizer.made',
  language: 'mcp-optimizer.language',
} as const;

export async function thisProcess(pid: number = process.pid): Promise<Owner> {
  return { host: hostname(), pid, started: (await startOf(pid)) ?? '' };
}

export function labelsOf(owner: Owner, language: string, now: Date): Record<string, string> {
  return {
    [LABELS.host]: owner.host,
    [LABELS.pid]: String(owner.pid),
    [LABELS.started]: owner.started,
    [LABELS.made]: now.toISOString(),
    [LABELS.language]: language,
  };
}

export function ownerOf(labels: Readonly<Record<string, string>>): Owner | undefined {
  const { [LABELS.host]: host, [LABELS.pid]: pid, [LABELS.started]: started } = labels;
  if (host === undefined || pid === undefined || started === undefined || !/^\d+$/.test(pid)) return undefined;
  return { host, pid: Number(pid), started };
}

/** Whether `owner` is certainly gone. Of another host nothing is known, so its containers are left alone. */
export async function isGone(owner: Owner, here: string = hostname()): Promise<boolean> {
  if (owner.host !== here) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const started = await startOf(owner.pid);
  return started !== undefined && owner.started !== '' && started !== owner.started;
}

/** Linux: boot and clock ticks since it. Elsewhere what `ps` says. Undefined when nothing says it. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The name in brackets may hold blanks and brackets; field 22 is counted from behind it.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot.trim()}/${ticks}`;
  } catch {
    return process.platform === 'win32' || process.platform === 'linux' ? undefined : startByPs(pid);
  }
}

function startByPs(pid: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'lstart=', '-p', String(pid)], { timeout: 2_000 }, (error, stdout) => {
      resolve(error ? undefined : stdout.trim());
    });
  });
}
