/** `doctor` over real servers, real files, and services that are not there: what it finds, what it advises, how it exits. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Diagnosis, DoctorFinding } from '../../src/app/diagnosis.ts';
import { doctor } from '../../src/cli/doctor.ts';
import { type OutputStream, Printer } from '../../src/cli/printer.ts';
import { World } from '../config/world.ts';

const world = new World();
const fixture = (name: string) => ({
  command: process.execPath,
  args: [join(import.meta.dirname, '../fixtures/servers', `${name}.mjs`)],
});

afterAll(() => world.remove());

class Screen implements OutputStream {
  text = '';
  readonly isTTY = false;
  write(text: string): void {
    this.text += text;
  }
}

async function examine(config: unknown, options: { json?: boolean; state?: string } = {}) {
  const path = world.write('doctor.json', typeof config === 'string' ? config : JSON.stringify(config));
  const [stdout, stderr] = [new Screen(), new Screen()];
  const json = options.json ?? true;
  const printer = new Printer({ stdout, stderr, variables: {}, verbosity: 'normal', json });
  const environment = { ...world.environment, processors: 1 };
  const state = 'state' in options ? {} : { state: 'memory' };
  const exit = await doctor({ environment, printer, options: { config: path, json, ...state } });
  const diagnosis = json ? (JSON.parse(stdout.text) as Diagnosis) : undefined;
  const about = (topic: string, level?: string): DoctorFinding[] =>
    (diagnosis?.findings ?? []).filter((one) => one.topic === topic && (level === undefined || one.level === level));
  return { exit, diagnosis, about, stdout: stdout.text, stderr: stderr.text };
}

describe('a sound installation', () => {
  let found: Awaited<ReturnType<typeof examine>>;
  beforeAll(async () => {
    found = await examine({ mcpServers: { plain: fixture('plain') } });
  });

  it('has no error, and exits with 0', () => {
    expect(found.exit).toBe(0);
    expect(found.about('server')).toEqual([
      { level: 'ok', topic: 'server', subject: 'plain', message: expect.stringMatching(/^ready, \d+ tools$/) },
    ]);
    expect(found.about('sandbox')).toEqual([
      { level: 'ok', topic: 'sandbox', subject: 'quickjs, isolation thread', message: 'runs programs' },
    ]);
    expect(found.diagnosis?.findings.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('says that direct is cheaper for a server with few small tools', () => {
    const { tokens } = found.diagnosis as Required<Diagnosis>;
    expect(tokens.isDirectCheaper).toBe(true);
    expect(tokens.direct).toBeLessThan(tokens.breakEven);
    const [advice] = found.about('tokens');
    expect(advice).toMatchObject({ level: 'note', message: expect.stringMatching(/^direct is cheaper: \d+ tokens/) });
    expect(advice?.remedy).toMatch(/^Connect the servers to the client directly/);
  });

  it('is told to people line by line, each finding with what to do', async () => {
    const { exit, stdout, stderr } = await examine({ mcpServers: { plain: fixture('plain') } }, { json: false });
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^ok +environment +Node \d+\.\d+\.\d+ on linux/m);
    expect(stdout).toMatch(/^ok +server +plain: ready, \d+ tools$/m);
    expect(stdout).toMatch(/^note +tokens +direct is cheaper.*\n +remedy: Connect/m);
    expect(stderr).toMatch(/0 errors, 0 warnings, \d notes\n$/);
  });
});

describe('servers and their tools', () => {
  it('names a server that does not start, with a remedy, and exits with 4; the others are told all the same', async () => {
    const { exit, about } = await examine({ mcpServers: { plain: fixture('plain'), gone: fixture('exits-at-once') } });
    expect(exit).toBe(4);
    expect(about('server', 'error')).toMatchObject([{ subject: 'gone', code: 'upstream.unavailable' }]);
    expect(about('server', 'error')[0]?.remedy).toContain('by hand');
    expect(about('server', 'ok')).toMatchObject([{ subject: 'plain' }]);
  });

  it('names each malformed schema; the tool is degraded, not lost', async () => {
    const { exit, about } = await examine({ mcpServers: { odd: fixture('malformed') } });
    expect(exit).toBe(0);
    const messages = about('types', 'warning').map(({ message }) => message);
    for (const name of ['no-schema', 'text-schema', 'nul\\u0000byte']) {
      expect(messages.filter((message) => message.includes(name))).toHaveLength(1);
    }
    expect(new Set(messages).size).toBe(messages.length);
    expect(about('types').every(({ subject, remedy }) => subject === 'odd' && remedy !== undefined)).toBe(true);
    const [server] = about('server', 'ok');
    expect(Number(/(\d+) tools/.exec(server?.message ?? '')?.[1])).toBeGreaterThanOrEqual(5);
  });
});

describe('the config', () => {
  it('ends the examination when it cannot be used, with the place and a remedy, and exits with 3', async () => {
    const { exit, diagnosis, about } = await examine('{"mcpServers": {"a": {"comand": "x"}}}');
    expect(exit).toBe(3);
    expect(about('config')).toMatchObject([{ level: 'error', message: expect.stringContaining('comand') }]);
    expect(diagnosis?.findings.some(({ topic }) => topic === 'server')).toBe(false);
  });

  it('tells what has no effect, and that no server is there', async () => {
    const { about, exit } = await examine({ mcpServers: {}, inputs: [] });
    expect(exit).toBe(0);
    expect(about('config', 'warning')).toMatchObject([{ message: 'no server is configured' }]);
    const quiet = await examine({ mcpServers: { plain: { ...fixture('plain'), autoApprove: ['echo'] } } });
    expect(quiet.about('config', 'note')[0]?.message).toContain('autoApprove');
  });
});

describe('what is not there', () => {
  it('is told of a Redis that does not answer', async () => {
    const config = { mcpServers: {}, state: 'redis://user:pass-word-secret@127.0.0.1:1' };
    const { exit, about, stdout } = await examine(config, { state: 'config' });
    expect(exit).toBe(1);
    expect(about('state')).toMatchObject([{ level: 'error', code: 'state.unavailable' }]);
    expect(about('state')[0]?.subject).toContain('127.0.0.1:1');
    expect(stdout).not.toContain('pass-word-secret');
  });

  it('is told of a state file whose folder is a file', async () => {
    const file = world.write('flat', 'no folder');
    const { exit, about } = await examine({ mcpServers: {}, state: join(file, 'state.sqlite') }, { state: 'config' });
    expect(exit).toBe(1);
    expect(about('state', 'error').length).toBeGreaterThanOrEqual(1);
  });

  it('is told of an engine of containers that does not answer, and only when one is configured', async () => {
    const host = `unix://${join(world.cwd, 'nobody.sock')}`;
    const { exit, about } = await examine({ mcpServers: {}, backends: { docker: { host } } });
    expect(about('containers')).toMatchObject([{ level: 'error', code: 'sandbox.unavailable' }]);
    expect(about('containers')[0]?.remedy).toContain('backends.docker.host');
    expect(exit).not.toBe(0);
    expect((await examine({ mcpServers: {} })).about('containers')).toEqual([]);
  });
});
