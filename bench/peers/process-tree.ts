/** A process and everything below it, read from /proc: how much memory they hold together, and an end for all of them. */
import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory in MB (10^6) of the process and its descendants; undefined where there is no /proc. */
export function treeMegabytes(pid: number): number | undefined {
  let bytes = 0;
  for (const member of treeOf(pid)) {
    try {
      const pages = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${member}/status`, 'utf8'));
      bytes += Number(pages?.[1] ?? 0) * 1024;
    } catch {
      // It has just ended.
    }
  }
  return bytes === 0 ? undefined : bytes / 1e6;
}

/** Ends the process and its descendants, for peers whose helpers outlive their host. */
export function killTree(pid: number): void {
  for (const member of treeOf(pid)) {
    try {
      process.kill(member, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

function treeOf(pid: number): number[] {
  const parents = new Map<number, number[]>();
  for (const entry of processEntries()) {
    try {
      const text = readFileSync(`/proc/${entry}/stat`, 'utf8');
      // The name is in parentheses and may hold anything; state and parent follow the last one.
      const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
      parents.set(parent, [...(parents.get(parent) ?? []), Number(entry)]);
    } catch {
      // It has just ended.
    }
  }
  const tree = [pid];
  for (const member of tree) tree.push(...(parents.get(member) ?? []));
  return tree;
}

function processEntries(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
