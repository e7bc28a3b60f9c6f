/**
 * Programs that speak the agent's protocol themselves, flood it, do not read what they asked for, or leave as output what is
 * no file. Each is answered with the limit that it reached, long before its deadline, and the host keeps its memory.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MovableDeadline } from '../../../src/sandbox/deadline.ts';
import type { DockerBackend } from '../../../src/sandbox/docker/backend.ts';
import { type ContainerProgram, runIn, startDockerBackend, withoutDocker } from '../../fixtures/docker-engine.ts';

/** `frame(bytes)` says what only the agent should say; the wire is descriptor 3. */
const FRAME = `import os
nonce = open("/proc/self/cmdline").read().split(chr(0))[-2].encode()
def raw(data):
    while data:
        data = data[os.write(3, data):]
def frame(body):
    raw(b"\\x1e" + nonce + body + b"\\x1e" + nonce + b"\\n")
`;

describe.skipIf(withoutDocker)('a program that plays the agent', () => {
  let backend: DockerBackend;
  beforeAll(async () => {
    backend = await startDockerBackend(['python', 'shell', 'node']);
  }, 120_000);
  afterAll(() => backend.close());

  const python = (text: string, options?: ContainerProgram) => runIn(backend, 'python', FRAME + text, options);

  it.each([
    ['frames that mean nothing', 'while True: frame(b"zzz " + b"x" * 1000000)', 'limit.output'],
    [
      'frames without a content',
      'while True: raw((b"\\x1e" + nonce + b"usage {}\\x1e" + nonce + b"\\n") * 500)',
      'limit.output',
    ],
    ['calls that are none', 'while True: frame(b"call me " + b"x" * 100000)', 'limit.output'],
    ['files that nobody asked for', 'while True: frame(b"file x\\n" + b"x" * 1000000)', 'limit.output'],
    ['a frame without an end', 'raw(b"\\x1e" + nonce)\nwhile True: raw(b"x" * 65536)', 'limit.value'],
    ['a file without an end', 'raw(b"\\x1e" + nonce + b"file x\\n")\nwhile True: raw(b"x" * 65536)', 'limit.files'],
    [
      'an argument without an end',
      'raw(b"\\x1e" + nonce + b"call 1 ")\nwhile True: raw(b"x" * 65536)',
      'limit.argument',
    ],
  ])('is stopped when it sends %s', async (_, text, code) => {
    expect((await python(text)).code).toBe(code);
  });

  it.each([
    ['small calls', 'frame(b"call %d tools call []" % i)'],
    ['questions for names', 'frame(b"call %d tools names [null]" % i)'],
  ])('is stopped when it makes %s without end, and reads no answer', async (_, line) => {
    const ended = await python(`i = 0\nwhile True:\n    i += 1\n    ${line}`, {
      hostCall: async () => ({ ok: true, text: '1' }),
    });
    expect(ended).toMatchObject({ failure: { code: 'limit.calls' } });
    expect(ended.usage.hostCalls).toBeLessThan(21_000);
  });

  it('is not served further while it does not read its answers', async () => {
    let served = 0;
    const large = JSON.stringify('x'.repeat(4 * 1024 * 1024));
    const text = 'import time\nfor i in range(400): frame(b"call %d tools call []" % i)\ntime.sleep(1)\n"own"';
    const ended = await python(text, {
      hostCall: async () => {
        served++;
        return { ok: true, text: large };
      },
    });
    expect(ended.value).toBe('own');
    // Sixteen mebibytes, what the engine and the pipes hold, and those that were under way together: `callsInFlight`.
    expect(served).toBeLessThan(200);
  });

  it('has no say on numbers that are no numbers', async () => {
    const ended = await python(
      'frame(b\'usage {"cpuMs":1e400,"memoryBytes":1e400,"dropped":1e308}\')\nframe(b"done 1")\nimport time\ntime.sleep(5)',
    );
    expect(ended.value).toBe(1);
    expect(ended.usage).toMatchObject({ guestCpuMs: 0, memoryPeakBytes: 0 });
    expect(ended.logsDropped).toBe(0);
  });

  describe('what is no file', () => {
    const filesOut = ['o'];
    const options = { files: { filesOut } };
    it.each([
      ['python', 'import os\nos.mkfifo("o")\n1', /[Nn]ot a regular file/],
      ['python', 'import os\nos.symlink("/dev/zero", "o")\n1', /[Nn]ot a regular file/],
      ['python', 'import os\nos.mkdir("o")\n1', /[Nn]ot a regular file/],
      ['node', 'require("fs").symlinkSync("/dev/zero", "o"); return 1', /not a regular file/],
      ['node', 'require("fs").mkdirSync("o"); return 1', /not a regular file/],
      ['shell', 'mkfifo o; echo 1', /no regular file/],
      ['shell', 'ln -s /dev/zero o; echo 1', /no regular file/],
    ] as const)('is named in the log of %s: %s', async (language, text, words) => {
      const ended = await runIn(backend, language, text, options);
      expect(ended.code).toBe('completed');
      expect(ended.files).toBeUndefined();
      expect(ended.logs.map((line) => line.text).join()).toMatch(words);
    });

    it('nor is one with holes larger than it looks: it counts as it reads', async () => {
      const python = await runIn(backend, 'python', 'open("o", "wb").truncate(1 << 40)\n1', options);
      const shell = await runIn(
        backend,
        'shell',
        'dd if=/dev/zero of=o bs=1 count=1 seek=60000000 2>/dev/null',
        options,
      );
      const node = await runIn(
        backend,
        'node',
        'const f = require("fs"); f.ftruncateSync(f.openSync("o", "w"), 1e9)',
        options,
      );
      expect([python.code, shell.code, node.code]).toEqual(['limit.files', 'limit.files', 'limit.files']);
    });
  });

  it('prints a line that is larger than the log, which is counted, and still has its value', async () => {
    const inPython = await runIn(backend, 'python', 'print("x" * 50_000_000)\n1');
    const inNode = await runIn(backend, 'node', 'console.log("x".repeat(50_000_000)); return 1');
    expect([inPython, inNode].map(({ value, logsDropped }) => [value, logsDropped])).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('keeps what is printed through a stream of its own that it has not flushed', async () => {
    const ended = await runIn(
      backend,
      'python',
      'import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer)\nprint("seen")\n1',
    );
    expect(ended.logs.map((line) => line.text)).toEqual(['seen']);
  });

  it('says its name when it fails with an exception that has no words', async () => {
    const text = 'class Mute(BaseException):\n    def __str__(self): raise Mute()\nraise Mute()';
    const ended = await runIn(backend, 'python', text);
    expect(ended.failure).toMatchObject({ code: 'program.error', message: 'Mute', line: 3 });
  });
});

describe.skipIf(withoutDocker)('the deadline of a container', () => {
  it('stands still while a person is asked', async () => {
    const backend = await startDockerBackend(['python']);
    const deadline = new MovableDeadline(() => performance.now());
    const ask = async () => {
      const release = deadline.hold();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      release();
      return { ok: true, text: '"yes"' } as const;
    };
    const limits = { wallMs: 1_000 };
    const asked = await runIn(backend, 'python', 'tools.fixture.ask()', { limits, deadline, hostCall: ask });
    const slow = await runIn(backend, 'python', 'import time\ntools.fixture.ask()\ntime.sleep(30)', {
      limits,
      deadline: new MovableDeadline(() => performance.now()),
      hostCall: async () => ({ ok: true, text: '1' }),
    });
    expect(asked.value).toBe('yes');
    expect(slow.code).toBe('limit.time');
    await backend.close();
  }, 30_000);
});
