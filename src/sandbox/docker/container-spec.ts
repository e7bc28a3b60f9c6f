/**
 * What a container may be: the one place where its walls are written down. Everything is denied that a program with a
 * folder of its own has no use for; each line is attacked by a test in test/security/docker. Pure.
 */
import type { ContainerCreateOptions } from 'dockerode';
import type { ContainerLanguage } from '../backend.ts';
import { SECCOMP_PROFILE } from './seccomp.ts';

/** Memory of a container, without swap, unless the config's `memoryBytes` is larger; a request may lower it. */
export const CONTAINER_MEMORY_BYTES = 512 * 1024 * 1024;
/** Processor time of a run, unless the config's `cpuMs` is larger: an interpreter with a large library starts in seconds. */
export const CONTAINER_CPU_MS = 10_000;
/** Processes and threads together; Node alone starts eleven. */
export const PIDS_MAX = 128;
/** Each of the two folders that can be written to; they count to the container's memory. */
const FOLDER_BYTES = 64 * 1024 * 1024;
const SHARED_MEMORY_BYTES = 16 * 1024 * 1024;
const OPEN_FILES_MAX = 1_024;
/** `nobody` on most systems; the image need not know it. */
const USER_ID = 65_534;
/** A name that no program of the machine lies under: `images build` copies files under their own paths. */
export const WORKING_FOLDER = '/sandbox';

/** Owned by the user, since runc gives it the mode of the folder that it lies over. */
const FOLDER = `rw,noexec,nosuid,nodev,size=${FOLDER_BYTES},uid=${USER_ID},gid=${USER_ID},mode=0700`;

export interface ContainerSpec {
  readonly name: string;
  readonly language: ContainerLanguage;
  readonly image: string;
  readonly command: readonly string[];
  readonly memoryBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the engine's runtime; undefined = its default. */
  readonly runtime: string | undefined;
  /** Whether the engine's kernel has AppArmor. */
  readonly hasAppArmor: boolean;
  /** Folders that the image declares as volumes: without a word of ours each would become a folder on the host. */
  readonly volumes: readonly string[];
}

export function createOptions(spec: ContainerSpec): ContainerCreateOptions {
  const [program, ...args] = spec.command;
  return {
    name: spec.name,
    Image: spec.image,
    Entrypoint: [program as string],
    Cmd: args,
    User: `${USER_ID}:${USER_ID}`,
    WorkingDir: WORKING_FOLDER,
    Hostname: 'sandbox',
    Env: [`HOME=${WORKING_FOLDER}`, 'TMPDIR=/tmp', 'LANG=C.UTF-8', 'LC_ALL=C.UTF-8', 'TZ=UTC', 'NO_COLOR=1'],
    Labels: { ...spec.labels },
    // Its input ends with our connection, so an idle agent ends when this process does.
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    NetworkDisabled: true,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      Tmpfs: Object.fromEntries([WORKING_FOLDER, '/tmp', ...spec.volumes].map((path) => [path, FOLDER])),
      CapDrop: ['ALL'],
      Privileged: false,
      SecurityOpt: [
        'no-new-privileges:true',
        `seccomp=${JSON.stringify(SECCOMP_PROFILE)}`,
        ...(spec.hasAppArmor ? ['apparmor=docker-default'] : []),
      ],
      PidsLimit: PIDS_MAX,
      Memory: spec.memoryBytes,
      MemorySwap: spec.memoryBytes,
      NanoCpus: 1e9,
      IpcMode: 'private',
      ShmSize: SHARED_MEMORY_BYTES,
      Ulimits: [
        { Name: 'nofile', Soft: OPEN_FILES_MAX, Hard: OPEN_FILES_MAX },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      // When the host runs out of memory, a container goes before anything else.
      OomScoreAdj: 1_000,
      // Nothing of what it prints is written to the host's disk; we read it as it comes, and keep a bounded part.
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      ...(spec.runtime === undefined ? {} : { Runtime: spec.runtime }),
    },
  };
}
