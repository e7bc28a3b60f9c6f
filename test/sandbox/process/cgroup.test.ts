/** Groups in folders that look like Linux's; the real ones are used wherever the process tier runs and may have them. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { confineToCgroup } from '../../../src/sandbox/process/cgroup.ts';

const root = mkdtempSync(join(tmpdir(), 'optimizer-cgroup-'));
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;

function system(ownGroups: string) {
  const folder = join(root, String(made++));
  const folders = { cgroups: join(folder, 'cgroup'), proc: join(folder, 'proc') };
  mkdirSync(join(folders.proc, 'self'), { recursive: true });
  mkdirSync(join(folders.proc, '4711'));
  mkdirSync(folders.cgroups);
  writeFileSync(join(folders.proc, 'self/cgroup'), ownGroups);
  return folders;
}

it('uses a group of version 2 below its own', () => {
  const folders = system('0::/ours\n');
  const ours = join(folders.cgroups, 'ours');
  mkdirSync(ours);
  writeFileSync(join(ours, 'cgroup.procs'), '');
  expect(confineToCgroup(4711, 1_000, folders).kind).toBe('cgroup-v2');
  const group = join(ours, `mcp-optimizer-${process.pid}-4711`);
  expect(readFileSync(join(group, 'memory.max'), 'utf8')).toBe('1000');
  expect(readFileSync(join(group, 'cgroup.procs'), 'utf8')).toBe('4711');
  expect(readFileSync(join(ours, 'cgroup.subtree_control'), 'utf8')).toBe('+memory +pids');
  expect(readFileSync(join(folders.proc, '4711/oom_score_adj'), 'utf8')).toBe('500');
});

it('uses groups of version 1 where version 2 is not mounted', () => {
  const folders = system('8:pids:/\n4:memory:/ours\n0::/\n');
  for (const path of ['memory/ours', 'pids']) mkdirSync(join(folders.cgroups, path), { recursive: true });
  expect(confineToCgroup(4711, 1_000, folders).kind).toBe('cgroup-v1');
  const name = `mcp-optimizer-${process.pid}-4711`;
  expect(readFileSync(join(folders.cgroups, 'memory/ours', name, 'memory.limit_in_bytes'), 'utf8')).toBe('1000');
  expect(readFileSync(join(folders.cgroups, 'pids', name, 'cgroup.procs'), 'utf8')).toBe('4711');
});

it('says why there is none, and leaves nothing behind', () => {
  const folders = system('4:memory:/nowhere\n0::/ours\n');
  expect(confineToCgroup(4711, 1_000, folders)).toMatchObject({
    kind: 'none',
    reason: expect.stringMatching(/ENOENT/),
  });
  expect(existsSync(join(folders.cgroups, 'memory'))).toBe(false);
  expect(confineToCgroup(4711, 1_000, system(''))).toMatchObject({ kind: 'none', reason: 'no cgroup can hold memory' });
});
