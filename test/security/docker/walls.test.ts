/**
 * The walls of a container, attacked from inside. Each attack first sees by the engine that its wall stands, and is bounded
 * by itself: were the wall missing, the probe would end without taking the machine with it.
 */
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { DockerBackend } from '../../../src/sandbox/docker/backend.ts';
import { PIDS_MAX } from '../../../src/sandbox/docker/container-spec.ts';
import { LABELS, ownerOf } from '../../../src/sandbox/docker/owner.ts';
import {
  ADDRESS,
  type ContainerProgram,
  IMAGES,
  runIn,
  startDockerBackend,
  withoutDocker,
} from '../../fixtures/docker-engine.ts';

const MiB = 1024 * 1024;
const docker = new Docker(ADDRESS.options);
const info = withoutDocker ? undefined : await docker.info().catch(() => undefined);
const hasAppArmor = ((info?.SecurityOptions ?? []) as string[]).some((option) => option.startsWith('name=apparmor'));

/** What a probe of Python begins with: one system call by its number, answered as 0 or more, or as minus errno. */
const SYSCALL = `import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    return result if result >= 0 else -ctypes.get_errno()
`;
const EPERM = -1;
const ENOSYS = -38;

describe.skipIf(withoutDocker)('the walls of a container', () => {
  let backend: DockerBackend;
  beforeAll(async () => {
    backend = await startDockerBackend(['python', 'shell', 'node']);
  }, 120_000);
  afterAll(() => backend.close());

  /** What the engine says of the container that serves right now: the newest, since there is no pool here. */
  async function inspected(): Promise<Docker.ContainerInspectInfo> {
    const listed = await docker.listContainers({ filters: { label: [`${LABELS.pid}=${process.pid}`] } });
    const [newest] = listed.sort((a, b) => b.Created - a.Created);
    const info = await docker.getContainer(newest?.Id as string).inspect();
    expect(ownerOf(info.Config.Labels)?.pid).toBe(process.pid);
    return info;
  }

  /** Runs `text` after the wall has been seen to stand: the program waits until `look` has agreed. */
  async function attack(
    text: string,
    look: (container: Docker.ContainerInspectInfo) => void,
    options: ContainerProgram & { language?: 'python' | 'shell' } = {},
  ) {
    const { language = 'python', ...rest } = options;
    let seen = 0;
    const before = language === 'python' ? 'tools.wall.stands()\n' : 'tool wall stands\n';
    const ended = await runIn(backend, language, before + text, {
      ...rest,
      hostCall: async () => {
        look(await inspected());
        seen++;
        return { ok: true, text: 'null' };
      },
    });
    expect(seen, JSON.stringify(ended.failure)).toBe(1);
    return ended;
  }

  it('has no network: no interface but its own loopback, no route, no socket but local ones', async () => {
    const text = `import socket
def family(f):
    try:
        socket.socket(f, socket.SOCK_STREAM).close()
        return "open"
    except OSError as error:
        return error.errno
devices = [line.split(":")[0].strip() for line in open("/proc/net/dev").read().split("\\n")[2:] if line]
[devices, len(open("/proc/net/route").read().strip().split("\\n")), family(socket.AF_INET), family(socket.AF_INET6), family(socket.AF_NETLINK), family(socket.AF_UNIX)]`;
    const { value } = await attack(text, ({ HostConfig, NetworkSettings }) => {
      expect(HostConfig.NetworkMode).toBe('none');
      expect(Object.keys(NetworkSettings.Networks).filter((name) => name !== 'none')).toEqual([]);
    });
    expect(value).toEqual([['lo'], 1, 1, 1, 1, 'open']);
  });

  it('cannot write outside of its two folders', async () => {
    const text = `import os
def attempt(path):
    try:
        open(path, "w").close()
        return "written"
    except OSError as error:
        return error.errno
[attempt(p) for p in ("/x", "/etc/passwd", "/usr/bin/x", "/proc/sys/kernel/core_pattern", "/sys/x", "/dev/x", "/sandbox/x", "/tmp/x")]`;
    const { value } = await attack(text, ({ HostConfig }) => expect(HostConfig.ReadonlyRootfs).toBe(true));
    const [root, ...rest] = value as unknown[];
    expect([13, 30]).toContain(root);
    expect(rest.slice(0, 5).every((result) => typeof result === 'number')).toBe(true);
    expect(rest.slice(-2)).toEqual(['written', 'written']);
  });

  it('can write no more than its folders hold', async () => {
    const text = `written = 0
try:
    with open("/sandbox/big", "wb", buffering=0) as file:
        for _ in range(200):
            written += file.write(b"x" * (1 << 20))
except OSError as error:
    result = [written >> 20, error.errno]
else:
    result = [written >> 20, 0]
result`;
    const { value } = await attack(text, ({ HostConfig }) => {
      expect(HostConfig.Tmpfs?.['/sandbox']).toContain(`size=${64 * MiB}`);
    });
    expect(value).toEqual([64, 28]);
  });

  it('cannot run what it has written, nor from memory', async () => {
    const text = `${SYSCALL}import os, shutil, subprocess
shutil.copy("/bin/busybox" if os.path.exists("/bin/busybox") else "/bin/sh", "/sandbox/mine")
os.chmod("/sandbox/mine", 0o755)
try:
    subprocess.run(["/sandbox/mine", "true"])
    ran = "ran"
except OSError as error:
    ran = error.errno
name = ctypes.c_char_p(b"x")
[ran, call(319, name, 0) if os.uname().machine == "x86_64" else -1]`;
    const { value } = await attack(text, ({ HostConfig }) => {
      for (const folder of ['/sandbox', '/tmp']) expect(HostConfig.Tmpfs?.[folder]).toMatch(/noexec,nosuid,nodev/);
    });
    expect(value).toEqual([13, EPERM]);
  });

  it('has no capability, gains none, and is under a filter', async () => {
    const text =
      'dict(line.split(":\\t") for line in open("/proc/self/status").read().strip().split("\\n") if line.startswith(("Cap", "NoNewPrivs", "Seccomp:")))';
    const { value } = await attack(text, ({ HostConfig }) => {
      expect(HostConfig.CapDrop).toEqual(['ALL']);
      expect(HostConfig.SecurityOpt).toContain('no-new-privileges:true');
      expect(HostConfig.Privileged).toBe(false);
    });
    const none = '0000000000000000';
    expect(value).toEqual({
      CapInh: none,
      CapPrm: none,
      CapEff: none,
      CapBnd: none,
      CapAmb: none,
      NoNewPrivs: '1',
      Seccomp: '2',
    });
  });

  it('is nobody, and cannot become somebody else', async () => {
    const text = `import os
def attempt(what, *args):
    try:
        what(*args)
        return "done"
    except OSError as error:
        return error.errno
[os.getuid(), os.getgid(), os.getgroups(), attempt(os.setuid, 0), attempt(os.setgid, 0), attempt(os.setgroups, [0])]`;
    const { value } = await attack(text, ({ Config }) => expect(Config.User).toBe('65534:65534'));
    expect((value as unknown[]).slice(0, 2)).toEqual([65534, 65534]);
    expect((value as unknown[])[2]).not.toContain(0);
    expect((value as unknown[]).slice(3)).toEqual([1, 1, 1]);
  });

  describe.skipIf(process.arch !== 'x64')('refuses system calls', () => {
    const profileIsSet = ({ HostConfig }: Docker.ContainerInspectInfo): void => {
      const option = ((HostConfig.SecurityOpt ?? []) as string[]).find((text) => text.startsWith('seccomp={'));
      expect(option).toContain('"defaultAction":"SCMP_ACT_ERRNO"');
    };

    it.each([
      ['ptrace', 'call(101, 0, 0, 0, 0)', EPERM],
      ['process_vm_readv', 'call(310, os.getpid(), 0, 0, 0, 0, 0)', EPERM],
      ['mount', 'call(165, 0, 0, 0, 0, 0)', EPERM],
      ['umount2', 'call(166, 0, 0)', EPERM],
      ['pivot_root', 'call(155, 0, 0)', EPERM],
      ['chroot', 'call(161, 0)', EPERM],
      ['unshare of user and network', 'call(272, 0x10000000 | 0x40000000)', EPERM],
      ['setns', 'call(308, 0, 0)', EPERM],
      ['clone into a user namespace', 'call(56, 0x10000000 | 17, 0, 0, 0, 0)', EPERM],
      ['clone3', 'call(435, 0, 0)', ENOSYS],
      ['bpf', 'call(321, 0, 0, 0)', EPERM],
      ['perf_event_open', 'call(298, 0, 0, 0, 0, 0)', EPERM],
      ['add_key', 'call(248, 0, 0, 0, 0, 0)', EPERM],
      ['keyctl', 'call(250, 0, 0, 0, 0, 0)', EPERM],
      ['userfaultfd', 'call(323, 0)', EPERM],
      ['io_uring_setup', 'call(425, 1, 0)', ENOSYS],
      ['kexec_load', 'call(246, 0, 0, 0, 0)', EPERM],
      ['init_module', 'call(175, 0, 0, 0)', EPERM],
      ['open_by_handle_at', 'call(304, 0, 0, 0)', EPERM],
      ['settimeofday', 'call(164, 0, 0)', EPERM],
      ['sethostname', 'call(170, 0, 0)', EPERM],
      ['personality', 'call(135, 0xffffffff)', EPERM],
      ['syslog', 'call(103, 10, 0, 0)', EPERM],
      ['iopl', 'call(172, 3)', EPERM],
      ['mknod of a device', 'call(133, ctypes.c_char_p(b"/tmp/dev"), 0o020600, 0x103)', EPERM],
      ['socket to the network', 'call(41, 2, 1, 0)', EPERM],
      ['a raw packet socket', 'call(41, 17, 3, 0)', EPERM],
      ['a vsock', 'call(41, 40, 1, 0)', EPERM],
    ])('%s', async (_, text, errno) => {
      const { value } = await attack(`${SYSCALL}import os\n${text}`, profileIsSet);
      expect(value).toBe(errno);
    });

    it('and lets those through that a program needs', async () => {
      const text = `${SYSCALL}import os
os.mkfifo("/tmp/fifo")
[call(39) == os.getpid(), os.path.exists("/tmp/fifo"), call(41, 1, 1, 0) >= 0]`;
      expect((await attack(text, profileIsSet)).value).toEqual([true, true, true]);
    });

    it('and it is the profile that refuses them: without it the same calls pass', async () => {
      const probe = `${SYSCALL}print(call(319, ctypes.c_char_p(b"x"), 0) >= 0, call(135, 0xffffffff) >= 0, call(41, 2, 1, 0) >= 0)`;
      const container = await docker.createContainer({
        Image: IMAGES.python,
        Entrypoint: ['python3', '-c', probe],
        User: '65534',
        Tty: true,
        HostConfig: {
          NetworkMode: 'none',
          CapDrop: ['ALL'],
          SecurityOpt: ['no-new-privileges:true', 'seccomp=unconfined'],
        },
      });
      try {
        await container.start();
        await container.wait();
        const printed = await container.logs({ stdout: true, stderr: true, follow: false });
        expect(printed.toString().trim()).toBe('True True True');
      } finally {
        await container.remove({ force: true });
      }
    });
  });

  it.skipIf(!hasAppArmor)('is under the AppArmor profile of the engine', async () => {
    const { value } = await attack('open("/proc/self/attr/current").read()', ({ AppArmorProfile }) =>
      expect(AppArmorProfile).toBe('docker-default'),
    );
    expect(value).toMatch(/^docker-default \(enforce\)/);
  });

  it('stops a fork bomb, and the next run is none the worse', async () => {
    const text = `import os, time
made = 0
try:
    for _ in range(400):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError as error:
    result = [made, error.errno]
else:
    result = [made, 0]
result`;
    const ended = await attack(text, ({ HostConfig }) => expect(HostConfig.PidsLimit).toBe(PIDS_MAX));
    const [made, errno] = ended.value as [number, number];
    expect(errno).toBe(11);
    expect(made).toBeLessThan(PIDS_MAX);
    expect((await runIn(backend, 'python', '1 + 1')).value).toBe(2);
  });

  it.each([
    ['its own limit', {}, 512 * MiB],
    ['a lower one of the request', { memoryBytes: 64 * MiB }, 64 * MiB],
  ])('stops memory without end at %s, swap included', async (_, limits, bytes) => {
    const text = 'kept = []\nfor _ in range(1024):\n    kept.append(b"x" * (1 << 20))\nlen(kept)';
    const ended = await attack(
      text,
      ({ HostConfig }) => {
        expect(HostConfig.Memory).toBe(bytes);
        expect(HostConfig.MemorySwap).toBe(bytes);
      },
      { limits },
    );
    expect(ended.failure).toEqual({
      code: 'limit.memory',
      message: `the program needed more than memoryBytes = ${bytes} bytes of memory`,
    });
  });

  it('counts what is written to its folders as its memory', async () => {
    const text = `open("/sandbox/a", "wb").write(b"x" * (50 << 20))\nopen("/tmp/b", "wb").write(b"x" * (50 << 20))\n1`;
    const ended = await attack(text, ({ HostConfig }) => expect(HostConfig.Memory).toBe(64 * MiB), {
      limits: { memoryBytes: 64 * MiB },
    });
    expect(ended.code).toBe('limit.memory');
  });

  it('gives all its processes one processor together', async () => {
    const text = `import os, time
began = time.time()
for _ in range(4):
    if os.fork() == 0:
        while time.time() - began < 1.5: pass
        os._exit(0)
for _ in range(4): os.wait()
spent = os.times()
(spent.children_user + spent.children_system) / (time.time() - began)`;
    const { value } = await attack(text, ({ HostConfig }) => expect(HostConfig.NanoCpus).toBe(1e9));
    expect(value).toBeLessThan(1.3);
  });

  it.each([
    ['its children', 'import subprocess\nsubprocess.run("yes | head -c 200000000", shell=True)\n1'],
    ['frames of its own', 'for _ in range(200): print("x" * 1000000)\n1'],
  ])('stops output without end by %s, and none of it lands on the host’s disk', async (_, text) => {
    const ended = await attack(
      text,
      ({ HostConfig }) => expect(HostConfig.LogConfig).toEqual({ Type: 'none', Config: {} }),
      { limits: { logBytes: 1_000 } },
    );
    // What the agent itself does not send is only counted.
    expect(['limit.output', 'completed']).toContain(ended.code);
    expect(ended.code === 'limit.output' || ended.logsDropped >= 200).toBe(true);
    expect(ended.logs.reduce((sum, line) => sum + line.text.length, 0)).toBeLessThanOrEqual(1_000);
  });

  it('ends at its deadline, whatever it does about signals, and is gone', async () => {
    const ended = await attack(
      'trap "" TERM INT HUP; (trap "" TERM; sleep 30) & while :; do sleep 1; done',
      ({ State }) => expect(State.Running).toBe(true),
      { language: 'shell', limits: { wallMs: 700 } },
    );
    expect(ended.code).toBe('limit.time');
    const filters = { label: [`${LABELS.pid}=${process.pid}`, `${LABELS.language}=shell`] };
    for (;;) {
      const left = await docker.listContainers({ all: true, filters });
      if (left.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  it('has nothing of the host: no mount, no engine, no device, no variable', async () => {
    const text = `import os
mounts = sorted({tuple(line.split()[1:3]) for line in open("/proc/self/mounts")})
devices = sorted(os.listdir("/dev"))
[[list(m) for m in mounts], os.path.exists("/var/run/docker.sock"), devices, sorted(os.environ)]`;
    const { value } = await attack(text, (container) => {
      expect(container.Mounts).toEqual([]);
      expect(container.HostConfig.Binds ?? []).toEqual([]);
      expect(container.HostConfig.Devices ?? []).toEqual([]);
    });
    const [mounts, hasEngine, devices, variables] = value as [string[][], boolean, string[], string[]];
    const own = new Set(['overlay', 'proc', 'tmpfs', 'devpts', 'sysfs', 'cgroup', 'cgroup2', 'mqueue']);
    // The engine's own three files, on a root that cannot be written to.
    const foreign = mounts.filter(([path, type]) => !own.has(type as string) && !path?.startsWith('/etc/'));
    expect(foreign).toEqual([]);
    expect(mounts.filter(([path]) => path?.startsWith('/etc/')).map(([path]) => path)).toEqual(
      expect.not.arrayContaining(['/etc/passwd']),
    );
    expect(hasEngine).toBe(false);
    const expected = [
      'core',
      'fd',
      'full',
      'mqueue',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
    ];
    expect(devices.filter((name) => ![...expected, 'tty', 'urandom', 'zero', 'console'].includes(name))).toEqual([]);
    expect(variables).toEqual(
      ['HOME', 'HOSTNAME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'NO_COLOR', 'PATH', 'TMPDIR', 'TZ'].filter((name) =>
        variables.includes(name),
      ),
    );
  });

  it('cannot end as something that it did not', async () => {
    // Frames that the program makes itself, with the nonce that it can find: its own word, and no more.
    const forge = (text: string): string =>
      `import os\nnonce = open("/proc/self/cmdline").read().split(chr(0))[-2]\nos.write(3, ("\\x1e" + nonce + ${JSON.stringify(text)} + "\\x1e" + nonce + "\\n").encode())\nimport time\ntime.sleep(0.3)\n"own"`;
    const read = async (text: string) => runIn(backend, 'python', forge(text));
    expect((await read('done {"a":1}')).value).toEqual({ a: 1 });
    expect((await read('done {broken')).code).toBe('program.result');
    expect((await read('fail {"kind":"limit.time","message":"forged"}')).failure).toMatchObject({
      code: 'program.error',
      message: 'forged',
    });
    expect((await read('file other.txt\nx')).value).toBe('own');
    expect((await read('nonsense')).value).toBe('own');
    expect((await read('call x y z')).value).toBe('own');
    const usage = (await read('usage {"cpuMs":-5,"memoryBytes":"x","dropped":1e400}')) as unknown as JsonObject;
    expect(usage.value).toBe('own');
  });
});
