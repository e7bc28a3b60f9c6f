/**
 * gVisor between a program and the kernel, on an engine that has it. What docs/docker.md says of it is what is seen here;
 * skipped where the engine does not list `runsc`, which is nothing that a distribution's engine does by itself.
 */
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DockerBackend } from '../../../src/sandbox/docker/backend.ts';
import { EngineClient } from '../../../src/sandbox/docker/engine-client.ts';
import { ADDRESS, runIn, startDockerBackend } from '../../fixtures/docker-engine.ts';

const hasRunsc = await new EngineClient(ADDRESS).facts().then(
  ({ runtimes }) => runtimes.includes('runsc'),
  () => false,
);

describe.skipIf(!hasRunsc)('a container under gVisor', () => {
  let backend: DockerBackend;
  beforeAll(async () => {
    backend = await startDockerBackend(['python', 'shell', 'node'], { runtime: 'runsc' });
  }, 120_000);
  afterAll(() => backend.close());

  it.each([
    ['python', 'tools.fixture.echo(n=42)["n"]', 42],
    ['node', 'return (await tools.fixture.echo({ n: 42 })).n', 42],
    ['shell', 'tool fixture echo \'{"n": 42}\'', '{"n":42}'],
  ] as const)('runs %s, and its calls pass the gate', async (language, text, value) => {
    const ended = await runIn(backend, language, text, {
      hostCall: async (call) => ({ ok: true, text: JSON.stringify(JSON.parse(call.argumentsText)[2]) }),
    });
    expect(ended.value).toEqual(value);
  });

  it('has a kernel of its own, no network but its own loopback, a read-only root, no capability, folders that run nothing', async () => {
    const text = `import os, socket
def refused(act):
    try:
        act()
        return None
    except OSError as error:
        return type(error).__name__
def run():
    open("a", "w").write("#!/bin/sh\\necho ran")
    os.chmod("a", 0o755)
    os.execv("/sandbox/a", ["a"])
status = dict(line.rstrip().split(":\\t") for line in open("/proc/self/status") if line.startswith("Cap"))
return {
    "kernel": open("/proc/version").read().split()[2],
    "devices": [line.split(":")[0].strip() for line in open("/proc/net/dev")][2:],
    "address": refused(lambda: socket.create_connection(("192.0.2.1", 80), 2)),
    "root": refused(lambda: open("/x", "w")),
    "folder": refused(lambda: open("/tmp/x", "wb").write(b"x" * (80 << 20))),
    "run": refused(run),
    "caps": sorted(set(status.values())),
}`;
    const { value } = await runIn(backend, 'python', text);
    expect(value).toMatchObject({
      devices: ['lo'],
      root: expect.any(String),
      folder: 'OSError',
      run: 'PermissionError',
      caps: ['0000000000000000'],
    });
    expect((value as { address: unknown }).address).not.toBeNull();
    expect((value as { kernel: string }).kernel).not.toBe(release());
  });

  it('ends at its deadline', async () => {
    const ended = await runIn(backend, 'python', 'import time\ntime.sleep(60)', { limits: { wallMs: 500 } });
    expect(ended.code).toBe('limit.time');
  });

  it('is charged no processor time that is not its own', async () => {
    // The engine counts the whole machine where gVisor uses no cgroups.
    const ended = await runIn(backend, 'python', 'import time\ntime.sleep(1)\n"slept"', { limits: { cpuMs: 900 } });
    expect(ended.value).toBe('slept');
  });

  it('says so when its memory cannot be lowered, instead of running with more', async () => {
    const limits = { memoryBytes: 200 * 1024 * 1024 };
    const ended = await runIn(backend, 'python', 'len(bytearray(400 << 20))', { limits });
    expect(['sandbox.unavailable', 'limit.memory']).toContain(ended.code);
  });
});
