/**
 * README.md: its session is run, its configs load, its figures stand in a file of bench/results, and it stays short.
 * The sample data is that of the main job, which is the same in every run.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSampleData, writeSampleData } from '../../build/main-job/sample-data.ts';
import { BINARY, type Block, Folder, localConfig, misfit, ROOT, readPage, runProgram } from './world.ts';

const page = readPage('README.md');
const folder = new Folder();

function block(info: string): Block {
  const found = page.blocks.find((candidate) => candidate.info === info);
  if (!found) throw new Error(`README.md has no block \`${info}\``);
  return found;
}

beforeAll(() => {
  writeSampleData(folder.path, makeSampleData());
  folder.write('mcp-optimizer.json', localConfig(block('json config').text, folder.path));
  folder.write('best.ts', `${block('ts best.ts').text}\n`);
});
afterAll(() => folder.remove());

/** A session's commands, each with the lines that it printed. */
function commandsOf({ text }: Block): Array<{ command: string; printed: string[] }> {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...printed] = part.trimEnd().split('\n');
      return { command, printed };
    });
}

const UNITS = String.raw`(?:ms|µs|s|KB|KiB|MB|MiB|GB|%|tokens|runs\/s)`;

/** `[1.2 ms](bench/results/FILE.json "row")` → what is shown, and the row that it is taken from. */
const CITED = new RegExp(String.raw`\[([\d,.]+) (${UNITS})\]\((bench\/results\/[^ )]+\.json) "([^"]+)"\)`, 'g');

describe('README.md', () => {
  it('has at most 200 lines', () => {
    expect(page.lines.length).toBeLessThanOrEqual(200);
  });

  it.each(commandsOf(block('console')).map((step) => [step.command, step] as const))(
    'shows what `%s` prints',
    async (_, step) => {
      const ran = await runProgram('/bin/sh', ['-c', step.command.replaceAll('mcp-optimizer', BINARY)], folder.path);
      const lines = `${ran.stdout}\n${ran.stderr}`.split('\n').map((line) => line.trimEnd());
      for (const shown of step.printed) {
        expect(
          lines.some((line) => misfit(shown, line) === undefined),
          `${shown}\n---\n${lines.join('\n')}`,
        ).toBe(true);
      }
      const told = lines.filter((line) => line !== '' && !line.startsWith('{"level"'));
      expect(told.length).toBe(step.printed.length);
    },
  );

  it('tells a client how to start the binary with arguments that it takes', async () => {
    const clients = page.blocks.filter(({ info }) => info === 'json client');
    expect(clients.length).toBeGreaterThan(1);
    for (const { text } of clients) {
      const { mcpServers, servers } = JSON.parse(text);
      const [command, option, file] = (mcpServers ?? servers).optimizer.args as string[];
      expect([command, option, file?.startsWith('/')]).toEqual(['serve', '--config', true]);
      const input = '{"jsonrpc":"2.0","id":1,"method":"optimizer/health"}\n';
      const args = [command as string, option as string, join(folder.path, 'mcp-optimizer.json')];
      const ran = await runProgram(BINARY, args, folder.path, input);
      expect(JSON.parse(ran.stdout).result.servers.configured).toBe(1);
    }
  });

  it('takes every figure with a unit from a file of bench/results', () => {
    const prose = page.prose.join('\n');
    for (const [, shown = '', unit, file = '', row] of prose.matchAll(CITED)) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      const { rows } = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as {
        rows: Array<{ name: string; unit: string; value: number }>;
      };
      const found = rows.find(({ name }) => name === row);
      expect(found?.unit, `${row} in ${file}`).toBe(unit);
      const digits = shown.split('.')[1]?.length ?? 0;
      expect(found?.value.toFixed(digits)).toBe(shown.replaceAll(',', ''));
    }
    const rest = prose.replaceAll(CITED, '').replaceAll(/`[^`]*`/g, '');
    expect(rest.match(new RegExp(String.raw`\b\d[\d,.]* ?${UNITS}(?![\w/])`, 'g')) ?? []).toEqual([]);
  });
});
