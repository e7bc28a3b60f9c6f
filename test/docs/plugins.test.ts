/**
 * docs/plugins.md as a new author follows it: an empty folder, the files of the page, its commands in their order. Only
 * the installation is left out: `componentize-qjs` comes from our own node_modules.
 */
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environmentOf } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';
import { pluginShape } from '../../src/config/schema.ts';
import { sha256Hex } from '../../src/core/crypto.ts';
import { BINARY, type Block, Folder, misfit, ROOT, readPage, runProgram } from './world.ts';

const page = readPage('docs/plugins.md');
const folder = new Folder();
const INSTALL = 'npm install componentize-qjs@0.4.5';

/** The commands of all sessions, each with the lines that it prints. */
const steps = page.blocks
  .filter(({ info }) => info === 'console')
  .flatMap(({ text }: Block) =>
    text
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = '', ...printed] = part.trimEnd().split('\n');
        return { command, printed };
      }),
  );

function block(info: string): string {
  const found = page.blocks.find((candidate) => candidate.info === info);
  if (found === undefined) throw new Error(`docs/plugins.md has no block \`${info}\``);
  return found.text;
}

beforeAll(() => {
  folder.write('plugin.js', block('js plugin.js'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
});
afterAll(() => {
  rmSync(join(folder.path, 'node_modules'));
  folder.remove();
});

/** What the author does by hand: the digest that `verify` printed goes into the config. */
function pin(): void {
  const digest = sha256Hex(readFileSync(join(folder.path, 'plugin.wasm')));
  folder.write('mcp-optimizer.json', block('json config').replace(/0{64}/, digest));
}

describe('docs/plugins.md', { timeout: 60_000 }, () => {
  it.each(steps.filter(({ command }) => command !== INSTALL).map((step) => [step.command, step] as const))(
    'leads on with `%s`',
    async (command, { printed }) => {
      if (command.includes('plugins list')) pin();
      const bin = join(ROOT, 'node_modules/.bin');
      const line = command.replace(/^npx /, '').replaceAll(/(?<![\w/])mcp-optimizer(?= )/g, BINARY);
      const withPath = `export PATH="${bin}${delimiter}$PATH"; ${line}`;
      const ran = await runProgram('/bin/sh', ['-c', withPath], folder.path);
      expect(ran.status, ran.stderr).toBe(0);
      const lines = `${ran.stdout}\n${ran.stderr}`.split('\n').map((text) => text.trimEnd());
      for (const shown of printed) {
        expect(
          lines.some((text) => misfit(shown, text) === undefined),
          `${shown}\n---\n${lines.join('\n')}`,
        ).toBe(true);
      }
    },
  );

  it('names the version of componentize-qjs that the tests use', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const example = JSON.parse(readFileSync(join(ROOT, 'examples/plugin/package.json'), 'utf8'));
    expect(steps.map(({ command }) => command)).toContain(INSTALL);
    expect(INSTALL.endsWith(`@${devDependencies['componentize-qjs']}`)).toBe(true);
    expect(example.devDependencies['componentize-qjs']).toBe(devDependencies['componentize-qjs']);
  });

  it('has configs that load', async () => {
    const environment = environmentOf({
      variables: {},
      cwd: folder.path,
      homeDirectory: folder.path,
      platform: 'linux',
    });
    for (const { info, text } of page.blocks.filter((candidate) => /config$/.test(candidate.info))) {
      const path = join(folder.path, `${info.replace(' ', '.')}.json`);
      writeFileSync(path, text);
      expect((await loadConfig({ configPath: path }, environment)).plugins).toHaveLength(1);
    }
  });

  it('and docs/config.md name every key of a plugin', () => {
    const text = readPage('docs/config.md').prose.join('\n').split('## Keys of a plugin')[1]?.split('\n## ')[0] ?? '';
    expect(pluginShape.keys.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
  });
});

describe('examples/plugin', () => {
  it('is built and tested by its own scripts', { timeout: 120_000 }, async () => {
    const example = new Folder();
    const source = join(ROOT, 'examples/plugin');
    for (const name of ['package.json', 'plugin.js', 'plugin.test.js']) {
      example.write(name, readFileSync(join(source, name), 'utf8'));
    }
    symlinkSync(join(ROOT, 'node_modules'), join(example.path, 'node_modules'));
    const bin = new Folder();
    symlinkSync(BINARY, join(bin.path, 'mcp-optimizer'));
    const script = (name: string) => JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')).scripts[name];
    const path = [bin.path, join(ROOT, 'node_modules/.bin'), '$PATH'].join(delimiter);
    for (const name of ['build', 'test']) {
      const ran = await runProgram('/bin/sh', ['-c', `export PATH="${path}"; ${script(name)}`], example.path);
      expect(ran.status, `${ran.stdout}\n${ran.stderr}`).toBe(0);
      if (name === 'test') expect(ran.stdout).toMatch(/pass 4/);
    }
    rmSync(join(example.path, 'node_modules'));
    example.remove();
    bin.remove();
  });
});
