/**
 * Limits of the operating system for one sandbox process, where they can be had: a cgroup of its own on Linux (version 2
 * where the folder is ours to divide, else version 1), and a higher place on the list of what is ended when memory runs out.
 * Nothing fails when they cannot be had: figures say so, and the limits of the guests hold all the same.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Confinement {
  readonly kind: 'cgroup-v2' | 'cgroup-v1' | 'none';
  /** Why there is none. */
  readonly reason?: string;
  /** Takes the groups away again; after the process has ended. */
  release(): void;
}

/** Where Linux shows itself; a test has folders of its own. */
export interface SystemFolders {
  readonly cgroups: string;
  readonly proc: string;
}

const LINUX: SystemFolders = { cgroups: '/sys/fs/cgroup', proc: '/proc' };
/** How our groups are called: this, our own process, the child. */
const NAME = 'mcp-optimizer-';
/** Threads and processes together: workers, V8's helpers, and room. */
const TASKS_MAX = 512;
/** 0 is a process like any other, 1,000 is ended first. */
const OUT_OF_MEMORY_SCORE = 500;

export function confineToCgroup(
  pid: number,
  memoryBytesMax: number,
  folders: SystemFolders | undefined = process.platform === 'linux' ? LINUX : undefined,
): Confinement {
  if (!folders) return none('this system has no cgroups');
  attempt(() => writeFileSync(join(folders.proc, String(pid), 'oom_score_adj'), String(OUT_OF_MEMORY_SCORE)));
  let own: Map<string, string>;
  try {
    own = ownGroups(readFileSync(join(folders.proc, 'self/cgroup'), 'utf8'));
  } catch {
    return none('/proc/self/cgroup cannot be read');
  }
  const name = `${NAME}${process.pid}-${pid}`;
  const version2 = own.get('');
  const attempts = [
    ...(version2 === undefined ? [] : [() => joinVersion2(join(folders.cgroups, version2), name, pid, memoryBytesMax)]),
    ...(own.has('memory') ? [() => joinVersion1(folders.cgroups, own, name, pid, memoryBytesMax)] : []),
  ];
  const reasons: string[] = [];
  for (const join of attempts) {
    try {
      return join();
    } catch (error) {
      reasons.push((error as NodeJS.ErrnoException).code ?? (error as Error).message);
    }
  }
  return none(reasons.length === 0 ? 'no cgroup can hold memory' : `no cgroup can be made: ${reasons.join(', ')}`);
}

function joinVersion2(base: string, name: string, pid: number, memoryBytesMax: number): Confinement {
  const folder = join(base, name);
  if (!existsSync(join(base, 'cgroup.procs'))) throw new Error('version 2 is not mounted');
  return joined('cgroup-v2', [folder], () => {
    // Given to us to divide or not: a group that has processes of its own cannot hand its limits down.
    if (!existsSync(join(folder, 'memory.max'))) writeFileSync(join(base, 'cgroup.subtree_control'), '+memory +pids');
    writeFileSync(join(folder, 'memory.max'), String(memoryBytesMax));
    attempt(() => writeFileSync(join(folder, 'memory.swap.max'), '0'));
    attempt(() => writeFileSync(join(folder, 'memory.oom.group'), '1'));
    attempt(() => writeFileSync(join(folder, 'pids.max'), String(TASKS_MAX)));
    writeFileSync(join(folder, 'cgroup.procs'), String(pid));
  });
}

function joinVersion1(
  root: string,
  own: ReadonlyMap<string, string>,
  name: string,
  pid: number,
  memoryBytesMax: number,
): Confinement {
  const folderOf = (controller: string): string => join(root, controller, own.get(controller) ?? '', name);
  const memory = folderOf('memory');
  const memoryGroup = joined('cgroup-v1', [memory], () => {
    writeFileSync(join(memory, 'memory.limit_in_bytes'), String(memoryBytesMax));
    writeFileSync(join(memory, 'cgroup.procs'), String(pid));
  });
  if (!own.has('pids')) return memoryGroup;
  try {
    const pids = folderOf('pids');
    const pidsGroup = joined('cgroup-v1', [pids], () => {
      writeFileSync(join(pids, 'pids.max'), String(TASKS_MAX));
      writeFileSync(join(pids, 'cgroup.procs'), String(pid));
    });
    return {
      kind: 'cgroup-v1',
      release() {
        memoryGroup.release();
        pidsGroup.release();
      },
    };
  } catch {
    return memoryGroup;
  }
}

/** Makes the folders, sets them up, and takes them away again if that fails. */
function joined(kind: 'cgroup-v2' | 'cgroup-v1', folders: readonly string[], setUp: () => void): Confinement {
  const release = (): void => {
    for (const folder of folders) attempt(() => rmdirSync(folder));
  };
  try {
    for (const folder of folders) {
      sweep(dirname(folder));
      mkdirSync(folder);
    }
    setUp();
  } catch (error) {
    release();
    throw error;
  }
  return { kind, release };
}

/** Takes away what earlier processes left behind; the system keeps every group that still holds a process. */
function sweep(folder: string): void {
  attempt(() => {
    for (const name of readdirSync(folder)) {
      if (name.startsWith(NAME)) attempt(() => rmdirSync(join(folder, name)));
    }
  });
}

/** Controller → path of our group; '' is version 2. Lines are `number:controllers:path`. */
function ownGroups(text: string): Map<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) groups.set(controller, path);
  }
  return groups;
}

function none(reason: string): Confinement {
  return { kind: 'none', reason, release: () => undefined };
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // What cannot be had is not had.
  }
}
