/** Containers through the built binary: over the protocol, over MCP, from the command line, and without an engine. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineClient as Client } from '../../src/sandbox/docker/engine-client.ts';
import { EngineClient } from '../../src/sandbox/docker/engine-client.ts';
import { LABELS, ownerOf } from '../../src/sandbox/docker/owner.ts';
import { ADDRESS, ensureImages, IMAGES, withoutDocker } from '../fixtures/docker-engine.ts';
import { command, Served } from './served.ts';
import { type ServerEntry, World } from './world.ts';

const world = new World();
afterAll(async () => expect(await world.close()).toEqual([]));

const notes = world.path('notes');
mkdirSync(notes);
writeFileSync(join(notes, 'a.txt'), 'words');
const servers = () => ({
  plain: world.fixture('plain', [], { effects: { echo: 'read' } }),
  files: world.realServers(notes).filesystem as ServerEntry,
});
const withBackend = (name: string, docker: object): string =>
  world.config(name, servers(), { backends: { docker: { host: ADDRESS.text, ...docker } } });

describe.skipIf(withoutDocker)('containers in the built binary', () => {
  const engine: Client = new EngineClient(ADDRESS);
  let pipe: Served;
  beforeAll(async () => {
    await ensureImages(engine, ['python', 'shell', 'node']);
    pipe = new Served(world, withBackend('docker', { poolSize: 1, poolWarmup: true }));
  }, 120_000);

  it('run Python, with params, tools behind the gate and a log', async () => {
    const code = 'print("hello")\nanswer = tools.plain.echo(text=params["word"])\n[answer, list(tools)]';
    const outcome = await pipe.run(1, code, { language: 'python', params: { word: 'x' } });
    expect(outcome).toMatchObject({
      status: 'completed',
      logs: [{ level: 'info', text: 'hello' }],
      calls: [{ tool: 'plain.echo', status: 'ok' }],
    });
    expect(outcome.value).toEqual([{ text: 'x' }, ['files', 'plain']]);
    expect(outcome.tokens.answer).toBeGreaterThan(0);
  });

  it('check the arguments of a call, and refuse a write in a read-only run, in all three languages', async () => {
    const programs = {
      python: ['tools.files.read_text_file(wrong=1)', 'tools.files.write_file(path="b", content="x")'],
      node: [
        'await tools.files.readTextFile({ wrong: 1 })',
        'await tools.files.write_file({ path: "b", content: "x" })',
      ],
      shell: [`tool files read_text_file '{"wrong": 1}'`, `tool files write_file '{"path": "b", "content": "x"}'`],
    };
    for (const [language, [wrong = '', write = '']] of Object.entries(programs)) {
      const refused = await pipe.run(`w-${language}`, wrong, { language });
      expect(refused.calls[0]).toMatchObject({ tool: 'files.read_text_file', status: 'denied' });
      expect(refused.error.message).toContain('do not fit');
      const denied = await pipe.run(`r-${language}`, write, { language, readOnly: true });
      expect(denied).toMatchObject({ status: 'failed', calls: [{ tool: 'files.write_file', status: 'denied' }] });
      if (language !== 'shell') expect([refused.error.code, refused.error.line]).toEqual(['upstream.arguments', 1]);
    }
  });

  it('keep a run to its calls', async () => {
    const code =
      'n = 0\ntry:\n    while True:\n        tools.plain.echo(text="x")\n        n += 1\nexcept ToolError as e:\n    r = [n, e.code]\nr';
    const outcome = await pipe.run(2, code, { language: 'python', limits: { calls: 5 } });
    expect(outcome.value).toEqual([5, 'limit.calls']);
  });

  it('make a picture from a table, and bring it back as a file and as content', async () => {
    const code = `import csv, zlib, struct, base64
rows = list(csv.DictReader(open("table.csv")))
width, height = len(rows), 10
raw = b"".join(b"\\0" + bytes(255 if height - y <= int(r["n"]) else 0 for r in rows) for y in range(height))
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
open("plot.png", "wb").write(png)
emit({"type": "image", "mimeType": "image/png", "data": base64.b64encode(png).decode()})
len(rows)`;
    const table = Buffer.from('name,n\na,3\nb,9\nc,5\n').toString('base64');
    const files = { in: { 'table.csv': table }, out: ['plot.png'] };
    const outcome = await pipe.run(3, code, { language: 'python', files });
    expect(outcome).toMatchObject({ status: 'completed', value: 3, content: [{ type: 'image' }] });
    const png = Buffer.from(outcome.files['plot.png'], 'base64');
    expect(png.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
    expect(png.readUInt32BE(16)).toBe(3);
  });

  it('refuse a path before anything is started', async () => {
    const answer = await pipe.ask(4, 'optimizer/execute', {
      code: '1',
      language: 'python',
      files: { out: ['../../etc/shadow'] },
    });
    expect(answer.error.data).toMatchObject({ code: 'request.invalidPath', path: '../../etc/shadow' });
  });

  it('run TypeScript in Node, with imports, at the lines of the text', async () => {
    const code =
      "import { createHash } from 'node:crypto';\nconst text: string = 'x';\nreturn createHash('sha256').update(text).digest('hex').length";
    expect(await pipe.run(5, code, { backend: 'docker' })).toMatchObject({ status: 'completed', value: 64 });
    const failed = await pipe.run(6, 'const a = 1;\n\n  throw new RangeError("no " + a)', { language: 'node' });
    expect(failed.error).toMatchObject({ code: 'program.error', message: 'RangeError: no 1', line: 3 });
  });

  it('tell a guest’s program how to ask for one', async () => {
    const python = await pipe.run(7, 'import os\nprint(os.listdir("."))');
    expect(python.error).toMatchObject({ code: 'program.syntax' });
    expect(python.error.hint).toMatch(/^This is Python: send it again with `language: "python"`/);
    const node = await pipe.run(8, "import { execSync } from 'child_process';\nreturn execSync('ls').toString()");
    expect(node.error).toMatchObject({ code: 'program.unsupported' });
    expect(node.error.hint).toContain('`language: "node"`');
  });

  it('keep no session', async () => {
    const answer = await pipe.run(9, 'x = 1', { language: 'python', session: 's' });
    expect(answer.error.data ?? answer.error).toMatchObject({ code: 'request.params' });
  });

  it('serve a model by `run_code`, whose schema and guide name the languages', async () => {
    await pipe.ask('i', 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '0' },
    });
    pipe.send({ method: 'notifications/initialized' });
    const { tools } = (await pipe.ask('l', 'tools/list')).result;
    expect(tools[1].inputSchema.properties.language).toEqual({ enum: ['python', 'shell', 'node'] });
    const ran = await pipe.ask('c', 'tools/call', {
      name: 'run_code',
      arguments: { code: 'sum(range(10))', language: 'python' },
    });
    expect(ran.result.content[0].text).toBe('45');
    const guide = await pipe.ask('h', 'tools/call', { name: 'search_tools', arguments: { query: 'help' } });
    expect(guide.result.content[0].text).toContain('## Containers');
    const readOnly = await pipe.ask('o', 'tools/call', {
      name: 'run_code_readonly',
      arguments: { code: `tool files write_file '{"path": "b", "content": "x"}'`, language: 'shell' },
    });
    expect(readOnly.result.isError).toBe(true);
  });

  it('are told by figures, and gone when the process has ended in order', async () => {
    const { containers } = (await pipe.ask(10, 'optimizer/stats')).result;
    expect(containers).toMatchObject({ backend: 'docker', engine: ADDRESS.text });
    const pid = pipe.child.pid;
    expect((await pipe.end()).status).toBe(0);
    const left = await engine.list(LABELS.pid);
    expect(left.filter(({ labels }) => ownerOf(labels)?.pid === pid)).toEqual([]);
  });

  it('are gone with a process that was killed, after the next start', async () => {
    const config = withBackend('killed', { poolSize: 1 });
    const dying = new Served(world, config);
    await dying.run(1, 'echo 1', { language: 'shell' });
    const waiting = dying.run(2, 'while :; do :; done', { language: 'shell' }).catch(() => undefined);
    const of = async (pid: number | undefined) =>
      (await engine.list(LABELS.pid)).filter(({ labels }) => ownerOf(labels)?.pid === pid);
    while ((await of(dying.child.pid)).length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    dying.child.kill('SIGKILL');
    await Promise.all([dying.ended, waiting]);
    expect((await of(dying.child.pid)).length).toBeGreaterThan(0);
    const next = new Served(world, config);
    await next.run(1, 'return 1');
    while ((await of(dying.child.pid)).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    await next.end();
  });

  it('get an image by `images build`', async () => {
    const built = await command(world, ['images', 'build', 'shell', '--config', withBackend('build', {}), '--json']);
    expect(built).toMatchObject({ status: 0, stdout: `${JSON.stringify({ images: { shell: IMAGES.shell } })}\n` });
    const wrong = await command(world, ['images', 'build', 'pyton', '--config', withBackend('build', {})]);
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean `python`?')]);
  });

  it('run a file of a person', async () => {
    writeFileSync(world.path('sum.py'), 'return sum(params["n"])');
    const args = ['run', 'sum.py', '--language', 'python', '--params', '{"n": [1, 2]}'];
    const ran = await command(world, [...args, '--config', withBackend('person', {})]);
    expect([ran.status, ran.stdout]).toEqual([0, '3\n']);
  });
});

describe('without containers', () => {
  it('everything else goes on when no engine answers', async () => {
    const nowhere = { backends: { docker: { host: 'unix:///nowhere/docker.sock', poolWarmup: true } } };
    const pipe = new Served(world, world.config('nowhere', servers(), nowhere));
    const python = await pipe.run(1, '1', { language: 'python' });
    expect(python).toMatchObject({ status: 'failed', error: { code: 'sandbox.unavailable' } });
    expect(python.error.message).toContain('no Docker engine answers at unix:///nowhere/docker.sock');
    expect(python.error.hint).toMatch(/Install and start Docker/);
    expect(await pipe.run(2, 'return (await tools.plain.echo({ text: "x" })) !== null')).toMatchObject({ value: true });
    expect((await pipe.end()).status).toBe(0);
    const built = await command(world, ['images', 'build', '--config', world.path('nowhere.json')]);
    expect([built.status, built.stderr]).toEqual([1, expect.stringContaining('no Docker engine answers')]);
  });

  it('a request for one says what to configure', async () => {
    const pipe = new Served(world, world.config('none', servers()));
    const answer = await pipe.ask(1, 'optimizer/execute', { code: '1', language: 'python' });
    expect(answer.error.data).toMatchObject({ code: 'sandbox.unavailable' });
    expect(answer.error.data.hint).toMatch(/Install Docker, add/);
    expect((await pipe.run(2, 'def f(x):\n  return x')).error.hint).toContain('none is configured here');
  });
});
