/**
 * docs/backends.md as a new author follows it: an empty folder, the files of the page, its commands in their order, then
 * the example with the suite. The package is the built one.
 */
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BINARY, Folder, misfit, type Ran, ROOT, readPage, runProgram } from './world.ts';

const page = readPage('docs/backends.md');
const folder = new Folder();
const LIBRARY = join(ROOT, 'dist/library');

const steps = page.blocks
  .filter(({ info }) => info === 'console')
  .flatMap(({ text }) => text.split(/^\$ /m).slice(1))
  .map((part) => {
    const [command = '', ...printed] = part.trimEnd().split('\n');
    return { command, printed };
  });

function block(info: string): string {
  const found = page.blocks.find((candidate) => candidate.info === info);
  if (found === undefined) throw new Error(`docs/backends.md has no block \`${info}\``);
  return found.text;
}

/** With the pinned Node first in the path, and the executable under its name. */
function shell(line: string, cwd: string): Promise<Ran> {
  const path = [join(ROOT, 'node_modules/.bin'), '$PATH'].join(delimiter);
  const own = line.replaceAll(/(?<![\w/])mcp-optimizer(?= serve)/g, BINARY);
  return runProgram('/bin/sh', ['-c', `export PATH="${path}"; ${own}`], cwd);
}

function withPackage(target: string): void {
  mkdirSync(join(target, 'node_modules'), { recursive: true });
  symlinkSync(LIBRARY, join(target, 'node_modules/mcp-optimizer'));
}

beforeAll(() => {
  if (!existsSync(join(LIBRARY, 'testing.mjs'))) throw new Error('dist/library is not there: run `npm run build`');
  folder.write('package.json', block('json package.json'));
  folder.write('upper.mjs', block('js upper.mjs'));
  folder.write('mcp-optimizer.json', block('json config'));
});
afterAll(() => folder.remove());

describe('docs/backends.md', { timeout: 60_000 }, () => {
  it.each(steps.map(({ command, printed }) => [command, printed] as const))(
    'leads on with `%s`',
    async (command, printed) => {
      const ran = await shell(command, folder.path);
      expect(ran.status, ran.stderr).toBe(0);
      const lines = ran.stdout.trimEnd().split('\n');
      expect(printed.map((shown, index) => misfit(shown, lines[index])).filter(Boolean), ran.stdout).toEqual([]);
    },
  );

  it('has an exporter that is told of runs', async () => {
    const own = new Folder();
    own.write('count.mjs', block('js count.mjs'));
    own.write('mcp-optimizer.json', block('json exporter-config'));
    const request = '{"jsonrpc":"2.0","id":1,"method":"optimizer/execute","params":{"code":"return 1"}}';
    const ran = await shell(`echo '${request}' | mcp-optimizer serve --state memory`, own.path);
    own.remove();
    expect(ran.stderr).toMatch(/^run: completed {2}on quickjs in \d+ ms$/m);
  });

  it('has the suite of the example, which passes and names what is not there', async () => {
    const own = new Folder();
    cpSync(join(ROOT, 'examples/backend'), own.path, { recursive: true });
    own.write('child-backend.test.mjs', block('js suite.test.mjs'));
    withPackage(own.path);
    const ran = await shell('node --test', own.path);
    own.remove();
    expect(ran.status, ran.stdout).toBe(0);
    expect(ran.stdout).toMatch(/pass 30\n/);
    expect(ran.stdout).toMatch(/skipped 6\n/);
  });
});

describe('examples/backend', { timeout: 60_000 }, () => {
  it('passes its own test, and runs programs with tools for the executable', async () => {
    const own = new Folder();
    cpSync(join(ROOT, 'examples/backend'), own.path, { recursive: true });
    withPackage(own.path);
    const tested = await shell('node --test', own.path);
    expect(tested.status, tested.stdout).toBe(0);
    const config = readPage('examples/backend/README.md').blocks.find(({ info }) => info === 'json config')?.text ?? '';
    const server = {
      command: join(ROOT, 'node_modules/.bin/node'),
      args: [join(ROOT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js')],
    };
    own.write('mcp-optimizer.json', JSON.stringify({ ...JSON.parse(config), mcpServers: { everything: server } }));
    const code =
      'console.log(Object.keys(tools).join()); return (await tools.everything.echo({ message: params.word })).length';
    const params = { code, params: { word: 'hello' }, backend: 'child' };
    own.write('request', `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'optimizer/execute', params })}\n`);
    const ran = await shell('mcp-optimizer serve --state memory < request', own.path);
    own.remove();
    const { result } = JSON.parse(ran.stdout);
    expect(result, ran.stderr).toMatchObject({ status: 'completed', value: 'Echo: hello'.length });
    expect(result.logs).toEqual([{ level: 'info', text: 'everything' }]);
    expect(result.calls).toMatchObject([{ tool: 'everything.echo', status: 'ok' }]);
  });
});
