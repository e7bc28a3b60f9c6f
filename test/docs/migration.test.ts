/** docs/migration.md, played: each step's config is served, and a real client sees what the page says. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, describe, expect, it } from 'vitest';
import { MODE_ALIASES } from '../../src/core/mode.ts';
import { BINARY, Folder, localConfig, readPage } from './world.ts';

const page = readPage('docs/migration.md');
const folder = new Folder();
folder.write('day-1.txt', 'one');
folder.write('day-2.txt', 'two');
afterAll(() => folder.remove());

function block(info: string): string {
  const found = page.blocks.find((candidate) => candidate.info === info);
  if (!found) throw new Error(`docs/migration.md has no block \`${info}\``);
  return found.text;
}

async function connect(step: string, name = 'somebody'): Promise<Client> {
  const config = folder.write(`${step}/mcp-optimizer.json`, localConfig(block(`json config ${step}`), folder.path));
  const [serve, option] = JSON.parse(block('json client')).mcpServers.optimizer.args as [string, string, string];
  const client = new Client({ name, version: '1' });
  const env = { ...process.env, XDG_STATE_HOME: join(folder.path, '.state') } as Record<string, string>;
  const args = [serve, option, config, '--log-level', 'warn'];
  await client.connect(new StdioClientTransport({ command: BINARY, args, env, stderr: 'ignore' }));
  return client;
}

async function toolsOf(client: Client): Promise<string[]> {
  const { tools } = await client.listTools();
  return tools.map(({ name }) => name);
}

const lines = (info: string): string[] => block(info).split('\n');

describe('docs/migration.md', () => {
  it('begins with servers that all steps keep as they are', () => {
    const { mcpServers } = JSON.parse(block('json before'));
    for (const step of ['direct', 'hybrid', 'code', 'clients'])
      expect(JSON.parse(block(`json config ${step}`)).mcpServers).toEqual(mcpServers);
  });

  it('shows in step 1 the tools of the servers, which answer as before', async () => {
    const client = await connect('direct');
    expect(await toolsOf(client)).toEqual(expect.arrayContaining(lines('text tools direct')));
    const path = join(folder.path, 'day-1.txt');
    const { content } = await client.callTool({ name: 'files__read_text_file', arguments: { path } });
    expect(content).toEqual([{ type: 'text', text: 'one' }]);
    await client.close();
  });

  it.each(['hybrid', 'code'])('shows exactly the tools that a client sees in mode %s', async (step) => {
    const client = await connect(step);
    expect(await toolsOf(client)).toEqual(lines(`text tools ${step}`));
    await client.close();
  });

  it('runs its program', async () => {
    const client = await connect('code');
    const code = block('ts program code').replaceAll('/data', folder.path);
    const { content, isError } = await client.callTool({ name: 'run_code', arguments: { code } });
    expect([isError ?? false, (content[0] as { text: string }).text]).toEqual([false, expect.stringMatching(/^\d+$/)]);
    await client.close();
  });

  it('shows each client what its name is given', async () => {
    const [weak, reviewer, other] = await Promise.all(
      ['weak-7b', 'reviewer', 'somebody'].map((name) => connect('clients', name)),
    );
    expect(await toolsOf(weak as Client)).toEqual(expect.arrayContaining(lines('text tools weak-7b')));
    const reviewed = await toolsOf(reviewer as Client);
    expect(reviewed).toContain('files__read_text_file');
    expect(reviewed).not.toContain('files__write_file');
    expect(await toolsOf(other as Client)).toHaveLength(3);
    await Promise.all([weak, reviewer, other].map((client) => client?.close()));
  });

  it('names every feature flag with its mode', () => {
    const rows = page.prose
      .filter((line) => line.startsWith('| `'))
      .map((line) => [...line.matchAll(/`([^`]+)`/g)].map((it) => it[1]));
    expect(Object.fromEntries(rows)).toEqual(MODE_ALIASES);
  });

  it('serves over HTTP as it says', async () => {
    const config = folder.write('http/mcp-optimizer.json', localConfig(block('json config code'), folder.path));
    const args = block('text serve http').replace('8080', '0').replace('mcp-optimizer.json', config).split(' ');
    const child = spawn(BINARY, [...args, '--state', 'memory'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const url = await new Promise<string>((resolve) => {
      let log = '';
      child.stderr.on('data', (chunk: Buffer) => {
        log += chunk.toString('utf8');
        const found = /"url":"([^"]+)"/.exec(log)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const client = new Client({ name: 'somebody', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}?mode=direct`)));
    expect(await toolsOf(client)).toEqual(expect.arrayContaining(lines('text tools direct')));
    await client.close();
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
