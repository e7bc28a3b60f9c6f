/** An agent's session: the SDK's own client, in both eras, against the built binary with three real servers behind it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from './world.ts';

const world = new World();
const files = world.path('files');
mkdirSync(files);
for (let day = 1; day <= 24; day += 1) {
  writeFileSync(
    `${files}/day-${day}.json`,
    JSON.stringify({ day, sales: Array.from({ length: 40 }, (_, n) => n * day) }),
  );
}
const config = world.config('agent', {
  ...world.realServers(files),
  plain: world.fixture('plain', [], { effects: { cancelled: 'read', never: 'read' } }),
});

afterAll(async () => {
  expect(await world.close()).toEqual([]);
});

/** The lists that were seen, whatever the process and the era. */
const lists = new Set<string>();

describe.each([
  ['a client that begins with initialize', 'legacy', '2025-11-25'],
  ['a client of revision 2026-07-28', { pin: '2026-07-28' }, '2026-07-28'],
] as const)('with %s', (_title, mode, revision) => {
  const client = new Client({ name: 'e2e', version: '1' }, { versionNegotiation: { mode } });
  beforeAll(async () => {
    await client.connect(
      new StdioClientTransport({ command: world.binary, args: ['serve', '--config', config], stderr: 'ignore' }),
    );
    return () => client.close();
  });

  const call = async (name: string, given: Record<string, unknown>, options = {}) => {
    const result = await client.callTool({ name, arguments: given }, options);
    const text = result.content.map((block) => (block.type === 'text' ? block.text : block.type)).join('\n');
    return { text, isError: result.isError ?? false };
  };

  it('names its servers in the instructions and speaks the revision that was asked for', () => {
    expect(client.getServerVersion()?.name).toBe('mcp-optimizer');
    expect(client.getNegotiatedProtocolVersion()).toBe(revision);
    expect(client.getInstructions()).toBe('Servers: filesystem, memory, everything, plain');
  });

  it('lists exactly three tools, the same bytes each time', async () => {
    const first = await client.listTools();
    expect(first.tools.map(({ name }) => name)).toEqual(['search_tools', 'run_code', 'run_code_readonly']);
    expect(first.tools.map(({ annotations }) => annotations?.readOnlyHint)).toEqual([true, false, true]);
    await call('search_tools', { query: '' });
    const second = await client.listTools();
    expect(JSON.stringify(second.tools)).toBe(JSON.stringify(first.tools));
    lists.add(JSON.stringify(first.tools));
  });

  it('goes from a search to a program to the answer, and shows what that saved', async () => {
    const found = await call('search_tools', { query: 'read text file' });
    expect(found.text).toMatch(/^5 of 45 tools\n/);
    expect(found.text).toContain('tools.filesystem.readTextFile(');
    const ran = await call('run_code_readonly', {
      code: `
        const { content } = await tools.filesystem.list_directory({ path: ${JSON.stringify(files)} });
        const names = content.split('\\n').map((line) => line.replace('[FILE] ', ''));
        const days = await Promise.all(names.map(async (name) => {
          const { content } = await tools.filesystem.readTextFile({ path: ${JSON.stringify(files)} + '/' + name });
          return JSON.parse(content) as { day: number; sales: number[] };
        }));
        return days.reduce((sum, { sales }) => sum + sales.reduce((a: number, b: number) => a + b, 0), 0);`,
    });
    expect(ran.text).toMatch(/^234000\n\(Calls: 25 read, 0 write; tokens: \d+, by direct calls [\d,]{5,}\)$/);
    expect(ran.isError).toBe(false);
  });

  it('lets run_code write, and refuses the same write under run_code_readonly before it is sent', async () => {
    const name = `entity of ${revision}`;
    const write = (entity: string): string =>
      `return tools.memory.create_entities({ entities: [{ name: ${JSON.stringify(entity)}, entityType: 'e2e', observations: [] }] })`;
    const refused = await call('run_code_readonly', { code: write(`refused ${name}`) });
    expect(refused.isError).toBe(true);
    expect(refused.text).toMatch(
      /^Error denied\.readOnly[^\n]*: `memory\.create_entities` may write, and this run is read-only; it was not called\nRun the program with writing allowed/,
    );
    const written = await call('run_code', { code: write(name) });
    expect(written.text).toMatch(/\n\(Calls: 0 read, 1 write;/);
    const kept = readFileSync(world.path('memory.jsonl'), 'utf8');
    expect(kept).toContain(name);
    expect(kept).not.toContain('refused');
  });

  it('answers a program that throws with line, column and what had already taken effect', async () => {
    const failed = await call('run_code', {
      code: `await tools.memory.add_observations({ observations: [] });\n  const rows = undefined;\n  return rows.length;`,
    });
    expect(failed.isError).toBe(true);
    expect(failed.text).toMatch(/^Error program\.error at line 3, column \d+: .*undefined/);
    expect(failed.text).toContain('Already took effect: memory.add_observations.');
  });

  it('answers a program that does not parse with line and column, and nothing ran', async () => {
    const failed = await call('run_code', { code: 'const a = 1;\nconst b = = 2;\nreturn a' });
    expect(failed.isError).toBe(true);
    expect(failed.text).toMatch(/^Error program\.syntax: [^\n]* at line 2, column 11; nothing ran\n/);
  });

  it('answers wrong arguments of a tool with the path, what was expected, and the signature', async () => {
    const failed = await call('run_code', { code: 'return tools.filesystem.read_text_file({ path: 7 })' });
    expect(failed.isError).toBe(true);
    expect(failed.text).toMatch(
      // The check says it before the call; when it is not there yet, the gate does.
      /^Error (?:check\.types|upstream\.arguments)[^\n]*`filesystem\.read_text_file`[^\n]*path[^\n]*string/,
    );
    expect(failed.text).toContain('readTextFile(args: {path: string;');
  });

  it('passes the progress of a long call on to the client', async () => {
    const heard: Array<{ progress: number; message?: string | undefined }> = [];
    const ran = await call(
      'run_code',
      // A client drops progress that comes in one piece with the answer, so the last step is followed by another call.
      {
        code: `await tools.everything.triggerLongRunningOperation({ duration: 0.2, steps: 2 });
               return tools.everything.triggerLongRunningOperation({ duration: 0.5, steps: 1 })`,
      },
      { onprogress: (progress: { progress: number; message?: string }) => heard.push(progress) },
    );
    expect(ran.isError).toBe(false);
    expect(heard.map(({ message }) => message)).toContain('everything.trigger-long-running-operation 2/2');
    expect(heard.map(({ progress }) => progress)).toEqual(heard.map((_, index) => index + 1));
  });

  it('stops the program and tells the server when the client cancels', async () => {
    const stop = new AbortController();
    const before = JSON.parse(
      (await call('run_code', { code: 'return tools.plain.cancelled()' })).text.split('\n')[0] ?? '',
    );
    const running = call(
      'run_code',
      { code: 'return tools.plain.never()' },
      {
        signal: stop.signal,
        onprogress: ({ message }: { message?: string }) => {
          if (message === 'call 1: plain.never') stop.abort();
        },
      },
    );
    await expect(running).rejects.toThrow();
    const after = JSON.parse(
      (await call('run_code', { code: 'return tools.plain.cancelled()' })).text.split('\n')[0] ?? '',
    );
    expect(after.length).toBe(before.length + 1);
  });

  it('answers an unknown tool, a wrong argument and an unknown function of a server with the nearest right one', async () => {
    expect(await call('run_coed', { code: '1' })).toEqual({
      isError: true,
      text: expect.stringMatching(/^Error request\.tool: There is no tool run_coed; did you mean run_code\?/),
    });
    expect(await call('run_code', { cod: '1' })).toEqual({
      isError: true,
      text: expect.stringMatching(/^Error request\.params: .*code/),
    });
    expect(await call('run_code', { code: 'return tools.memory.read_grph()' })).toEqual({
      isError: true,
      text: expect.stringMatching(/^Error (?:check\.types|request\.tool)[^\n]*`?read_grph.*read_graph/i),
    });
    expect(await call('run_code', { code: 'return tools.memry.read_graph()' })).toEqual({
      isError: true,
      text: expect.stringMatching(/^Error (?:check\.types|request\.server|program\.error)[^\n]*memry.*memory/),
    });
  });

  it('answers a thing that a guest does not have with the way to do without it', async () => {
    const failed = await call('run_code', { code: `const fs = require('fs'); return fs` });
    expect(failed.isError).toBe(true);
    expect(failed.text).toMatch(/^Error (?:check\.types|program\.\w+)[^\n]*require[\s\S]*tools/);
  });
});

it('is one and the same list in both eras and in two processes', () => {
  expect(lists.size).toBe(1);
});
