/** Programs of all three languages in real containers: values, calls, errors with places, files, limits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerLanguage, HostCall } from '../../../src/sandbox/backend.ts';
import type { DockerBackend } from '../../../src/sandbox/docker/backend.ts';
import { type ContainerProgram, runIn, startDockerBackend, withoutDocker } from '../../fixtures/docker-engine.ts';
import { refusal } from '../world.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe.skipIf(withoutDocker)('programs in containers', () => {
  let backend: DockerBackend;
  beforeAll(async () => {
    backend = await startDockerBackend(['python', 'shell', 'node'], { poolSize: 2, poolWarmup: true });
  }, 120_000);
  afterAll(() => backend.close());

  const run = (language: ContainerLanguage, text: string, options?: ContainerProgram) =>
    runIn(backend, language, text, options);

  describe('in Python', () => {
    it.each([
      ['the last expression', 'x = 20\nx + 22', 42],
      ['what the top level returns', 'if params["n"] > 1:\n    return "many"\nreturn "one"', 'many'],
      ['nothing', 'x = 1', null],
      ['nothing for a printed end', 'print("x")', null],
      ['data', '{"a": [1, None, True, "é😀"], "b": (1.5,)}', { a: [1, null, true, 'é😀'], b: [1.5] }],
      ['a lone surrogate', '"\\ud800"', '\ud800'],
      ['what is awaited', 'import asyncio\nawait asyncio.sleep(0)\nreturn 7', 7],
      ['what `import *` brings', 'from math import *\nfloor(2.5)', 2],
      ['what functions share by `global`', 'n = 1\ndef add():\n    global n\n    n += 1\nadd()\nreturn n', 2],
      [
        'what a class of the program holds',
        'from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nP(3).x',
        3,
      ],
      [
        'what children print',
        'import subprocess\nsubprocess.run(["echo", "hi"], capture_output=True, text=True).stdout',
        'hi\n',
      ],
      [
        'what children of multiprocessing answer',
        'import multiprocessing as m\nwith m.Pool(2) as p:\n    r = p.map(abs, [-1, -2])\nr',
        [1, 2],
      ],
      ['a date as text', 'import datetime\ndatetime.date(2024, 2, 29)', '2024-02-29'],
      ['nothing after sys.exit()', 'import sys\nsys.exit()', null],
    ])('answers %s', async (_, text, value) => {
      const ended = await run('python', text, { params: { n: 2 } });
      expect(ended.failure).toBeUndefined();
      expect(ended.value).toEqual(value);
    });

    it('calls tools by name, with named arguments, and lists them', async () => {
      const calls: HostCall[] = [];
      const text = `a = tools.fixture.echo(n=42, list=[1])
b = tools["fixture"]["echo"]({"from": 1})
c = tools.fixture.raw.echo(x=1)
return [a, b, c, list(tools), dir(tools.fixture)]`;
      const ended = await run('python', text, {
        hostCall: async (call) => {
          calls.push(call);
          return { ok: true, text: JSON.stringify(JSON.parse(call.argumentsText)[2]) };
        },
      });
      expect(ended.value).toEqual([
        { n: 42, list: [1] },
        { from: 1 },
        { x: 1 },
        ['fixture', 'other'],
        ['echo', 'fail'],
      ]);
      expect(calls.map((call) => [call.call, JSON.parse(call.argumentsText)])).toEqual([
        [1, ['fixture', 'echo', { n: 42, list: [1] }, false]],
        [2, ['fixture', 'echo', { from: 1 }, false]],
        [3, ['fixture', 'echo', { x: 1 }, true]],
      ]);
    });

    it('calls side by side from threads', async () => {
      const text = `from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as pool:
    return list(pool.map(lambda n: tools.fixture.slow(n=n)["n"], range(16)))`;
      const ended = await run('python', text);
      expect(ended.value).toEqual(Array.from({ length: 16 }, (_, n) => n));
      expect(ended.usage.hostCalls).toBe(16);
    });

    it('catches a failed call as ToolError', async () => {
      const text = `try:
    tools.fixture.fail()
except ToolError as error:
    return [error.code, error.tool, error.message, error.retryable, error.issues, str(error)]`;
      const record = {
        code: 'upstream.toolError',
        kind: 'upstream',
        message: 'no',
        tool: 'fixture.fail',
        retryable: false,
      };
      const ended = await run('python', text, {
        hostCall: async () => ({ ok: false, text: JSON.stringify({ ...record, issues: ['i'] }) }),
      });
      expect(ended.value).toEqual(['upstream.toolError', 'fixture.fail', 'no', false, ['i'], 'no']);
    });

    it('names the call whose failure nobody caught, and its line', async () => {
      const ended = await run('python', 'tools.fixture.echo()\n\ntools.fixture.nope()', {
        hostCall: async (call) =>
          call.call === 2 ? refusal('denied.tool', 'not this one') : { ok: true, text: 'null' },
      });
      expect(ended.failure).toMatchObject({ code: 'program.error', message: 'not this one', call: 2, line: 3 });
    });

    it.each([
      ['(1 +\n  2', 'program.syntax', /never closed at line 1.*nothing ran/, 1],
      ['print("ran")\ndef f(:\n  pass', 'program.syntax', /invalid syntax at line 2/, 2],
      ['x = 1\n\nx / 0', 'program.error', /^ZeroDivisionError: division by zero$/, 3],
      ['def f():\n    raise ValueError("inner")\n\nf()', 'program.error', /^ValueError: inner$/, 2],
      ['import sys\nsys.exit("gone wrong")', 'program.error', /^gone wrong$/, 2],
      ['{1, 2}', 'program.result', /a set; return sorted/, undefined],
      ['float("nan")', 'program.result', /NaN/, undefined],
      ['2 ** 60', 'program.result', /2\*\*53/, undefined],
      ['object()', 'program.result', /type object/, undefined],
      ['a = []\na.append(a)\na', 'program.result', /[Cc]ircular/, undefined],
      ['import os\nos._exit(3)', 'program.error', /python process ended with status 3/, undefined],
      ['import ctypes\nctypes.string_at(0)', 'program.error', /python process ended by signal 11/, undefined],
    ])('says what is wrong with %j', async (text, code, message, line) => {
      const ended = await run('python', text);
      expect(ended.code).toBe(code);
      expect(ended.failure?.message).toMatch(message);
      expect(ended.failure?.line).toBe(line);
      expect(ended.logs).toEqual([]);
    });

    it('keeps what is printed, in order, up to the limit', async () => {
      const text =
        'import sys, subprocess\nprint("one")\nprint("two", file=sys.stderr)\nsubprocess.run(["echo", "three"])\nprint("four", end="")';
      expect((await run('python', text)).logs).toEqual(
        expect.arrayContaining([
          { level: 'info', text: 'one' },
          { level: 'warn', text: 'two' },
          { level: 'warn', text: 'three' },
          { level: 'info', text: 'four' },
        ]),
      );
      const flooded = await run('python', 'for n in range(10000): print("x" * 50)', { limits: { logBytes: 1_000 } });
      expect(flooded.logs.reduce((sum, line) => sum + line.text.length + 1, 0)).toBeLessThanOrEqual(1_000);
      expect(flooded.logs.length + flooded.logsDropped).toBe(10_000);
    });
  });

  describe('in Node', () => {
    it.each([
      ['data', 'return { a: [1, undefined], b: "é" }', { a: [1, null], b: 'é' }],
      ['nothing', '', null],
      ['params', 'return params.n', 2],
      ['what modules give', 'return require("node:path").join("a", "b")', 'a/b'],
      ['what is imported', 'const os = await import("node:os"); return os.platform()', 'linux'],
      ['what children print', 'return require("node:child_process").execFileSync("echo", ["hi"]).toString()', 'hi\n'],
      [
        'the names of tools',
        'return [Object.keys(tools), Object.keys(tools.fixture)]',
        [
          ['fixture', 'other'],
          ['echo', 'fail'],
        ],
      ],
      ['nothing after process.exit()', 'process.exit()', null],
    ])('answers %s', async (_, text, value) => {
      const ended = await run('node', text, { params: { n: 2 } });
      expect(ended.failure).toBeUndefined();
      expect(ended.value).toEqual(value);
    });

    it('calls tools side by side', async () => {
      const text = 'return Promise.all([1, 2, 3].map((n) => tools.fixture.slow({ n })))';
      expect((await run('node', text)).value).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    });

    it.each([
      ['\n  throw new TypeError("here")', 'program.error', /^TypeError: here$/, 2],
      ['await tools.fixture.fail({})', 'program.error', /the tool failed/, undefined],
      ['await new Promise(() => {})', 'program.stalled', /nothing can settle/, undefined],
      ['return 1n', 'program.result', /a bigint/, undefined],
      ['return new Map()', 'program.result', /Object.fromEntries/, undefined],
      ['process.exit(4)', 'program.error', /exited with status 4/, undefined],
      [
        'setTimeout(() => { throw new Error("later") }, 5); await new Promise((r) => setTimeout(r, 500))',
        'program.error',
        /later/,
        1,
      ],
      ['process.abort()', 'program.error', /node process ended by signal \d+/, undefined],
    ])('says what is wrong with %j', async (text, code, message, line) => {
      const ended = await run('node', text);
      expect(ended.code).toBe(code);
      expect(ended.failure?.message).toMatch(message);
      expect(ended.failure?.line).toBe(line);
    });

    it('keeps what is printed, also by children, with its level', async () => {
      const text = `console.log('a', { b: 1 }); console.warn('c'); console.error('d'); process.stdout.write('e');
        require('node:child_process').spawnSync('/bin/sh', ['-c', 'echo out; echo err >&2'], { stdio: 'inherit' });`;
      const { logs } = await run('node', text);
      expect(logs).toHaveLength(6);
      expect(logs).toEqual(
        expect.arrayContaining([
          { level: 'info', text: 'a { b: 1 }' },
          { level: 'warn', text: 'c' },
          { level: 'error', text: 'd' },
          { level: 'info', text: 'e' },
          { level: 'info', text: 'out' },
          { level: 'warn', text: 'err' },
        ]),
      );
    });
  });

  describe('in a shell', () => {
    it.each([
      ['what is printed', 'echo one; echo two', 'one\ntwo'],
      ['every kind of character', "printf 'a\\\\n\\t\"é\\n'", 'a\\n\t"é'],
      ['nothing', ':', ''],
      ['params', 'echo "$PARAMS"', '{"n":2}'],
      ['what a pipe of tools answers', `tool fixture echo '{"n": 1}' | tr n m`, '{"m":1}'],
      ['a text as it is', `tool fixture text`, 'line one\n\\ "two"'],
      ['an object over several lines', 'tool fixture echo \'{\n "n": 1\n}\'', '{"n":1}'],
      ['a call without arguments', 'tool fixture echo', '{}'],
      ['a caught failure', 'tool fixture fail || echo caught', 'caught'],
      [
        'calls side by side, each with its own answer',
        `for n in 1 2 3 4; do (tool fixture echo "{\\"n\\": $n}" | grep -c "$n") & done; wait`,
        '1\n1\n1\n1',
      ],
    ])('answers %s', async (_, text, value) => {
      const ended = await run('shell', text, {
        params: { n: 2 },
        hostCall: async (call) => {
          const [, name, args] = JSON.parse(call.argumentsText) as [string, string, unknown];
          if (name === 'text') return { ok: true, text: JSON.stringify('line one\n\\ "two"') };
          return name === 'fail' ? refusal('upstream.toolError', 'no') : { ok: true, text: JSON.stringify(args) };
        },
      });
      expect(ended.failure).toBeUndefined();
      expect(ended.value).toBe(value);
    });

    it.each([
      ['echo one\nls /nowhere', 'program.error', /exited with status \d+: .*\/nowhere/],
      ['exit 5', 'program.error', /exited with status 5/],
      ['echo ran; if true; then', 'program.syntax', /nothing ran/],
      ["tool fixture echo '{bad'", 'program.error', /not JSON/],
      ['tool fixture', 'program.error', /usage: tool SERVER NAME/],
      ['nosuchprogram', 'program.error', /status 127/],
    ])('says what is wrong with %j', async (text, code, message) => {
      const ended = await run('shell', text);
      expect(ended.code).toBe(code);
      expect(ended.failure?.message).toMatch(message);
    });

    it('tells what failed before it was printed for nothing', async () => {
      const { logs } = await run('shell', 'echo partly; false');
      expect(logs).toContainEqual({ level: 'info', text: 'partly' });
    });
  });

  describe.each(['python', 'node', 'shell'] as const)('with files, in %s', (language) => {
    const COPY = {
      python:
        'import os\ndata = open("in/a.bin", "rb").read()\nos.makedirs("out")\nopen("out/b.bin", "wb").write(data[::-1])\nNone',
      node: 'const fs = require("node:fs"); fs.mkdirSync("out"); fs.writeFileSync("out/b.bin", fs.readFileSync("in/a.bin").reverse())',
      shell:
        'mkdir out; for n in 5 4 3 2 1; do dd if=in/a.bin bs=1 skip=$((n - 1)) count=1 2>/dev/null; done > out/b.bin',
    };

    it('brings bytes in and out', async () => {
      const filesIn = { 'in/a.bin': Buffer.from([0, 10, 255, 92, 30]).toString('base64'), 'empty.txt': '' };
      const files = { filesIn, filesOut: ['out/b.bin', 'empty.txt'] };
      const ended = await run(language, COPY[language], { files });
      expect(ended.failure).toBeUndefined();
      expect(ended.files).toEqual({
        'out/b.bin': Buffer.from([30, 92, 255, 10, 0]).toString('base64'),
        'empty.txt': '',
      });
    });

    it('says which file is not there, and refuses too much', async () => {
      const WRITE = {
        python: 'open("big", "wb").write(b"x" * 3000)\nNone',
        node: 'require("node:fs").writeFileSync("big", "x".repeat(3000))',
        shell: 'dd if=/dev/zero of=big bs=3000 count=1 2>/dev/null',
      };
      const ended = await run(language, WRITE[language], { files: { filesOut: ['big', 'none'] } });
      expect(Object.keys(ended.files ?? {})).toEqual(['big']);
      expect(ended.logs.map(({ text }) => text).join()).toContain('`none`');
      const refused = await run(language, WRITE[language], { files: { filesOut: ['big'], filesBytesMax: 2_999 } });
      expect(refused.code).toBe('limit.files');
      expect(refused.files).toBeUndefined();
    });
  });

  it('lets a program of Python import what came with it', async () => {
    const files = { filesIn: { 'helper.py': base64('def twice(x):\n    return 2 * x\n') } };
    expect((await run('python', 'import helper\nhelper.twice(21)', { files })).value).toBe(42);
  });

  it.each([
    ['python', 'while True: pass', { wallMs: 300 }, 'limit.time'],
    ['node', 'for (;;);', { wallMs: 300 }, 'limit.time'],
    ['shell', 'while :; do :; done', { wallMs: 300 }, 'limit.time'],
    ['python', 'import time\ntime.sleep(60)', { wallMs: 300 }, 'limit.time'],
    ['python', 'while True: pass', { cpuMs: 200 }, 'limit.cpu'],
    ['python', 'import os\nos.fork()\nwhile True: pass', { cpuMs: 200 }, 'limit.cpu'],
    ['python', '"x" * 3000', { keptValueBytes: 1_000 }, 'limit.value'],
    ['node', 'return "é".repeat(600)', { keptValueBytes: 1_000 }, 'limit.value'],
    ['shell', 'seq 1 1000', { keptValueBytes: 1_000 }, 'limit.value'],
    ['python', 'tools.fixture.echo(x="y" * 3000)', { argumentBytes: 1_000 }, 'limit.argument'],
  ] as const)('ends in %s: %j with %j as %s', async (language, text, limits, code) => {
    const ended = await run(language, text, { limits });
    expect(ended.code).toBe(code);
    expect(ended.valueText).toBeUndefined();
  });

  it('gives a run only what it was granted', async () => {
    const text = '[n in globals() for n in ("tools", "search", "load", "emit", "context")]';
    expect((await run('python', text, { grants: ['blobs'] })).value).toEqual([false, false, true, false, false]);
    expect((await run('python', text, { grants: ['blobs'] })).logs).toEqual([]);
    const forged =
      'import os, sys\nargv = open("/proc/self/cmdline").read().split(chr(0))\nnonce = argv[-2]\nos.write(3, f"\\x1e{nonce}call 1 tools call [1]\\x1e{nonce}\\n".encode())\nimport time\ntime.sleep(0.2)\n1';
    let calls = 0;
    await run('python', forged, {
      grants: [],
      hostCall: async () => {
        calls++;
        return { ok: true, text: 'null' };
      },
    });
    expect(calls).toBe(0);
  });

  it('ends a run that is cancelled, before and while it runs', async () => {
    expect((await run('python', '1', { signal: AbortSignal.abort() })).code).toBe('request.cancelled');
    const abort = new AbortController();
    const ended = run('python', 'import time\ntime.sleep(60)', { signal: abort.signal });
    setTimeout(() => abort.abort(), 300);
    expect((await ended).code).toBe('request.cancelled');
  });

  it('makes no call after the end', async () => {
    let ended = false;
    let late = 0;
    const text =
      'import threading\ndef on():\n    while True: tools.fixture.echo()\nthreading.Thread(target=on, daemon=True).start()\n"done"';
    const { value } = await run('python', text, {
      hostCall: async () => {
        if (ended) late++;
        return { ok: true, text: 'null' };
      },
    });
    ended = true;
    expect(value).toBe('done');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(late).toBe(0);
  });

  it('answers everything when it is closed, and refuses what comes later', async () => {
    const other = await startDockerBackend(['python']);
    const waiting = runIn(other, 'python', 'import time\ntime.sleep(60)');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await other.close();
    expect((await waiting).code).toBe('request.shutdown');
    expect((await runIn(other, 'python', '1')).code).toBe('request.shutdown');
  });
});
