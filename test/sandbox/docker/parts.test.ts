/** The pure parts of the Docker backend: addresses, owners, words, the log, places. */
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createOptions } from '../../../src/sandbox/docker/container-spec.ts';
import { engineAddress } from '../../../src/sandbox/docker/engine-address.ts';
import { deathFailure, failureOfReport, syntaxFailure } from '../../../src/sandbox/docker/failure.ts';
import { isGone, labelsOf, ownerOf, thisProcess } from '../../../src/sandbox/docker/owner.ts';
import { Places } from '../../../src/sandbox/docker/places.ts';
import { RunLog } from '../../../src/sandbox/docker/run-log.ts';
import { SECCOMP_PROFILE } from '../../../src/sandbox/docker/seccomp.ts';
import { DEFAULT_LIMITS } from '../../../src/sandbox/limits.ts';

const LINUX = { host: undefined, variables: {}, platform: 'linux', homeDirectory: '/home/me' } as const;
const WORDS = { limits: DEFAULT_LIMITS, memoryBytes: 1_000_000 };

describe('the address of the engine', () => {
  it.each([
    ['unix:///run/x.sock', { socketPath: '/run/x.sock' }],
    ['npipe:////./pipe/docker_engine', { socketPath: '//./pipe/docker_engine' }],
    ['tcp://10.0.0.1:2375', { host: '10.0.0.1', port: 2375, protocol: 'http' }],
    ['tcp://10.0.0.1', { host: '10.0.0.1', port: 2375, protocol: 'http' }],
    ['tcp://[::1]:2375', { host: '::1', port: 2375, protocol: 'http' }],
    ['tcp://10.0.0.1:2376', { host: '10.0.0.1', port: 2376, protocol: 'https' }],
  ])('reads %s', (host, options) => {
    expect(engineAddress({ ...LINUX, host }).options).toEqual(options);
    expect(engineAddress({ ...LINUX, variables: { DOCKER_HOST: host } }).options).toEqual(options);
  });

  it('takes the config before DOCKER_HOST', () => {
    const variables = { DOCKER_HOST: 'unix:///other.sock' };
    expect(engineAddress({ ...LINUX, host: 'unix:///mine.sock', variables }).text).toBe('unix:///mine.sock');
  });

  it('uses certificates for TLS', () => {
    const variables = { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' };
    expect(engineAddress({ ...LINUX, host: 'tcp://h:9', variables }).options).toMatchObject({
      protocol: 'https',
      folder: '/certs',
    });
  });

  it('takes the first default socket that is there', () => {
    const found = (path: string) => engineAddress(LINUX, (candidate) => candidate === path).text;
    expect(found('/home/me/.docker/run/docker.sock')).toBe('unix:///home/me/.docker/run/docker.sock');
    expect(found('nowhere')).toBe('unix:///var/run/docker.sock');
    expect(engineAddress({ ...LINUX, platform: 'win32' }).text).toBe('npipe:////./pipe/docker_engine');
  });

  it.each(['ssh://host', 'docker', 'unix://', 'tcp://h:p'])('refuses %s', (host) => {
    expect(() => engineAddress({ ...LINUX, host })).toThrow(expect.objectContaining({ code: 'config.value' }));
  });
});

describe('the owner of a container', () => {
  it('is this process, which is not gone', async () => {
    const owner = await thisProcess();
    const labels = labelsOf(owner, 'python', new Date(0));
    expect(ownerOf(labels)).toEqual(owner);
    expect(labels['mcp-optimizer.made']).toBe('1970-01-01T00:00:00.000Z');
    expect(await isGone(owner)).toBe(false);
  });

  it('is gone once its process is, also when another process has got its number', async () => {
    const child = spawn('sleep', ['60']);
    const owner = await thisProcess(child.pid);
    expect(await isGone(owner)).toBe(false);
    expect(await isGone({ ...owner, started: `${owner.started}0` })).toBe(true);
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(await isGone(owner)).toBe(true);
  });

  it('is never judged from another host', async () => {
    expect(await isGone({ host: 'elsewhere', pid: 999_999, started: 'x' })).toBe(false);
    expect(ownerOf({})).toBeUndefined();
  });
});

describe('words of an end', () => {
  it.each([
    ['/bin/sh: 3: Syntax error: end of file unexpected', 3],
    ["/bin/sh: line 2: syntax error near unexpected token `)'", 2],
  ])('say the line that a shell names: %s', (words, line) => {
    const failure = syntaxFailure(words);
    expect(failure).toMatchObject({ code: 'program.syntax', line });
    expect(failure.message).toMatch(new RegExp(`^\\w.* at line ${line}; nothing ran$`));
  });

  it('come from the engine when the container died', () => {
    const died = (exitCode: number, outOfMemory = false) =>
      deathFailure({ isRunning: false, exitCode, outOfMemory }, 'python', WORDS);
    expect(died(137).code).toBe('limit.memory');
    expect(died(1, true).code).toBe('limit.memory');
    expect(died(139)).toEqual({
      code: 'program.error',
      message: 'the python process ended by signal 11 before the program returned',
    });
    expect(died(3).message).toContain('with status 3');
    expect(deathFailure(undefined, 'python', WORDS).code).toBe('sandbox.lost');
  });

  it('take nothing from a report but what it may say', () => {
    const report = { kind: 'limit.memory', message: 'forged', line: -1, column: 1.5, call: 'x' };
    expect(failureOfReport(report, WORDS)).toEqual({ code: 'program.error', message: 'forged' });
    expect(failureOfReport({ message: 'x'.repeat(20_000) }, WORDS).message.length).toBe(8_000);
  });
});

describe('the log of a run', () => {
  it('cuts text into lines, keeps what fits and counts the rest', () => {
    const live: string[] = [];
    const log = new RunLog(12, ({ text }) => live.push(text));
    log.addText('warn', Buffer.from('on'));
    log.addText('warn', Buffer.from('e\ntwo\nthr'));
    log.add('info', 'four');
    log.finish();
    expect(log.lines).toEqual([
      { level: 'warn', text: 'one' },
      { level: 'warn', text: 'two' },
    ]);
    expect(live).toEqual(['one', 'two']);
    expect(log.dropped).toBe(2);
    expect(log.lastOf('warn')).toBe('thr');
  });

  it('cuts a line that never ends', () => {
    const log = new RunLog(1_000_000, () => undefined);
    for (let turn = 0; turn < 40; turn++) log.addText('info', Buffer.alloc(1_000, 'x'));
    log.finish();
    expect(Math.max(...log.lines.map(({ text }) => text.length))).toBeLessThan(18_000);
    expect(log.lines.reduce((sum, { text }) => sum + text.length, 0)).toBe(40_000);
  });
});

describe('places', () => {
  it('go from hand to hand, and who gives up waiting takes none', async () => {
    const places = new Places(1);
    const { signal } = new AbortController();
    const abort = new AbortController();
    expect(await places.enter(signal, 10)).toBe('entered');
    const [late, aborted, next] = [
      places.enter(signal, 5),
      places.enter(abort.signal, 9_000),
      places.enter(signal, 9_000),
    ];
    abort.abort();
    expect(await Promise.all([late, aborted])).toEqual(['late', 'aborted']);
    places.leave();
    expect(await next).toBe('entered');
    expect(places.waiting).toBe(0);
    const waiting = places.enter(signal, 9_000);
    places.close();
    expect(await waiting).toBe('closed');
    places.leave();
    expect(await places.enter(signal, 5)).toBe('entered');
    expect(await places.enter(AbortSignal.abort(), 5)).toBe('aborted');
  });
});

describe('the walls, as they are asked for', () => {
  const options = createOptions({
    name: 'n',
    language: 'python',
    image: 'i',
    command: ['python3', '-c', 'x'],
    memoryBytes: 1_000,
    labels: { a: 'b' },
    runtime: 'runsc',
    hasAppArmor: true,
    volumes: ['/data'],
  });

  it('hold nothing of the host', () => {
    const { HostConfig } = options;
    expect(HostConfig).toMatchObject({
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      Privileged: false,
    });
    for (const key of ['Binds', 'Mounts', 'VolumesFrom', 'Devices', 'CapAdd', 'PortBindings', 'Links'])
      expect(HostConfig).not.toHaveProperty(key);
    expect(HostConfig?.Runtime).toBe('runsc');
    expect(HostConfig?.SecurityOpt).toContain('apparmor=docker-default');
  });

  it('lay a bounded folder in memory over each volume that the image declares', () => {
    expect(Object.keys(options.HostConfig?.Tmpfs ?? {})).toEqual(['/sandbox', '/tmp', '/data']);
  });
});

describe('the seccomp profile', () => {
  const named = (action: string): Set<string> =>
    new Set(SECCOMP_PROFILE.syscalls.filter((rule) => rule.action === action).flatMap(({ names }) => names));

  it('allows by name and refuses everything else', () => {
    expect(SECCOMP_PROFILE.defaultAction).toBe('SCMP_ACT_ERRNO');
    const allowed = named('SCMP_ACT_ALLOW');
    const refused = [
      ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'kcmp', 'pidfd_getfd', 'perf_event_open', 'bpf'],
      ...['mount', 'umount2', 'pivot_root', 'chroot', 'unshare', 'setns', 'open_tree', 'move_mount', 'fsopen'],
      ...['keyctl', 'add_key', 'request_key', 'userfaultfd', 'io_uring_setup', 'memfd_create', 'execveat'],
      ...['init_module', 'finit_module', 'delete_module', 'kexec_load', 'reboot', 'swapon', 'acct', 'quotactl'],
      ...['settimeofday', 'clock_settime', 'adjtimex', 'sethostname', 'setuid', 'setgid', 'capset', 'personality'],
      ...['open_by_handle_at', 'name_to_handle_at', 'iopl', 'ioperm', 'modify_ldt', 'syslog', 'seccomp', 'clone3'],
    ];
    expect(refused.filter((name) => allowed.has(name))).toEqual([]);
  });

  it('names each call once', () => {
    const names = SECCOMP_PROFILE.syscalls.flatMap((rule) => rule.names);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
