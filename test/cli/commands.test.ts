/**
 * The commands in this process, on a terminal as well as into a pipe: what people see that a piped binary (test/e2e) cannot
 * show. The house behind them is the real one, with a real server.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandContext, GlobalOptions } from '../../src/cli/command-context.ts';
import { type OutputStream, Printer } from '../../src/cli/printer.ts';
import { type RunOptions, run } from '../../src/cli/run.ts';
import { search } from '../../src/cli/search.ts';
import { servers } from '../../src/cli/servers.ts';
import { types } from '../../src/cli/types.ts';
import { printLicenses, printVersion } from '../../src/cli/version.ts';
import type { Environment } from '../../src/config/environment.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import { World } from '../config/world.ts';

const ESCAPE = String.fromCharCode(27);
const world = new World();
let environment: Environment;

beforeAll(() => {
  const fixture = (name: string) => ({
    command: process.execPath,
    args: [join(import.meta.dirname, '../fixtures/servers', `${name}.mjs`)],
  });
  const plain = { ...fixture('plain'), effects: { echo: 'read' } };
  world.write('mcp-optimizer.json', JSON.stringify({ mcpServers: { plain } }));
  world.write('broken.json', JSON.stringify({ mcpServers: { plain, gone: fixture('exits-at-once') } }));
  world.write('empty.json', JSON.stringify({ mcpServers: {} }));
  environment = { ...world.environment, processors: 1 };
});

afterAll(() => world.remove());

class Screen implements OutputStream {
  text = '';
  readonly columns = 70;
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

interface Scene {
  readonly context: CommandContext;
  readonly stdout: Screen;
  readonly stderr: Screen;
}

function scene(options: GlobalOptions & { terminal?: boolean } = {}): Scene {
  const stdout = new Screen(options.terminal ?? false);
  const stderr = new Screen(options.terminal ?? false);
  const verbosity = options.quiet ? 'quiet' : options.verbose ? 'verbose' : 'normal';
  const printer = new Printer({ stdout, stderr, variables: {}, verbosity, json: options.json ?? false });
  return { context: { environment, printer, options: { state: 'memory', ...options } }, stdout, stderr };
}

function runCode(made: Scene, code: string, options: RunOptions = {}): Promise<number> {
  return run(made.context, world.write('program.ts', code), options);
}

describe('run', () => {
  it('puts the value on stdout, and logs and the account of the run on stderr', async () => {
    const made = scene();
    const code = 'console.warn("careful"); return (await tools.plain.echo({ n: params.n })).n + 1';
    expect(await runCode(made, code, { params: '{"n": 41}' })).toBe(0);
    expect(made.stdout.text).toBe('42\n');
    expect(made.stderr.text).toMatch(/^\[warn\] careful\n1 call in [\d.]+ ms; tokens: \d+ for the answer, \d+ /);
  });

  it('on a terminal shows control characters of a value as text', async () => {
    const made = scene({ terminal: true });
    expect(await runCode(made, 'return "\\u001b[31mred"')).toBe(0);
    expect(made.stdout.text).not.toContain(ESCAPE);
    expect(made.stdout.text).toContain('red');
  });

  it('says where a program failed and which writes had been made', async () => {
    const made = scene();
    const code = 'await tools.plain.slow({ steps: 1, everyMs: 1 });\nthrow new Error("too late")';
    expect(await runCode(made, code)).toBe(1);
    expect(made.stdout.text).toBe('');
    expect(made.stderr.text).toContain('too late (line 2');
    expect(made.stderr.text).toMatch(/already called: plain\.slow \(ok\)\nhint: Do not repeat these calls\./);
  });

  it('gives a failure that is no fault of the program its own exit status', async () => {
    expect(await runCode(scene(), 'return tools.plain.slow({ steps: 1, everyMs: 1 })', { readOnly: true })).toBe(6);
    expect(await runCode(scene(), 'for (;;);', { limit: ['cpuMs=50'] })).toBe(5);
  });

  it('prints the whole outcome with --json, also that of a failure', async () => {
    const made = scene({ json: true });
    expect(await runCode(made, 'throw new Error("no")')).toBe(1);
    expect(JSON.parse(made.stdout.text)).toMatchObject({ status: 'failed', error: { code: 'program.error' } });
    expect(made.stderr.text).toBe('');
  });

  it('says how much of a large value is shown', async () => {
    const made = scene();
    expect(await runCode(made, 'return "x".repeat(400_000)')).toBe(0);
    expect(made.stderr.text).toMatch(/warning: the value has \d+ bytes; \d+ characters of it are shown/);
  });

  it.each<[string, RunOptions, string]>([
    ['parameters that are no JSON object', { params: '[1]' }, '--params is not a JSON object'],
    ['parameters that are no JSON', { params: '{' }, '--params is not a JSON object'],
    ['a limit that does not exist', { limit: ['wallMS=1'] }, '--limit wallMS=1: there is no limit `wallMS`'],
    ['a limit that is no number', { limit: ['wallMs=soon'] }, '--limit wallMs=soon: `soon` is not a number'],
  ])('refuses %s before anything is started', async (_, options, message) => {
    await expect(runCode(scene(), 'return 1', options)).rejects.toMatchObject({ code: 'request.command', message });
  });

  it('refuses a program file that does not exist', async () => {
    const error = await run(scene().context, '/no/such/file.ts', {}).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(OptimizerError);
    expect(error).toMatchObject({ message: 'the program file `/no/such/file.ts` does not exist' });
  });
});

describe('search', () => {
  it('prints the signatures of the best matches and how many there were', async () => {
    const made = scene();
    expect(await search(made.context, 'echo', { limit: '2' })).toBe(0);
    expect(made.stdout.text).toContain('tools.plain.echo(');
    expect(made.stderr.text).toMatch(/^[12] of 9 tools\n$/);
  });

  it('answers 1 and no line when nothing fits', async () => {
    const made = scene({ quiet: true });
    expect(await search(made.context, 'zzzzqqqq', {})).toBe(1);
    expect([made.stdout.text, made.stderr.text]).toEqual(['', '']);
  });

  it('without words is a table of the servers', async () => {
    const made = scene({ terminal: true });
    expect(await search(made.context, ' ', {})).toBe(0);
    expect(made.stdout.text).toContain('SERVER');
    expect(made.stdout.text).toMatch(/plain +9/);
  });

  it('refuses a limit that is no whole number from 1 to 50', async () => {
    await expect(search(scene().context, 'echo', { limit: '0' })).rejects.toMatchObject({ code: 'request.command' });
  });
});

describe('types', () => {
  it('prints the declaration of one tool', async () => {
    const made = scene();
    expect(await types(made.context, 'plain.echo')).toBe(0);
    expect(made.stdout.text).toContain('echo(args?: EchoArgs): Promise<unknown>;');
  });

  it('prints one line for each tool of a server, and with no name the globals first', async () => {
    const one = scene();
    expect(await types(one.context, 'plain')).toBe(0);
    expect(one.stdout.text.trim().split('\n')).toHaveLength(9);
    const all = scene({ json: true });
    expect(await types(all.context, undefined)).toBe(0);
    const value = JSON.parse(all.stdout.text);
    expect(value.globals).toContain('declare function search(');
    expect(value.tools).toHaveLength(9);
  });

  it('names the nearest when there is no such tool or server', async () => {
    await expect(types(scene().context, 'plain.ecko')).rejects.toMatchObject({
      code: 'request.tool',
      message: expect.stringContaining('ecko'),
    });
    await expect(types(scene().context, 'plane')).rejects.toMatchObject({ code: 'request.server' });
  });
});

describe('servers', () => {
  it('shows on a terminal a spinner while it connects, then a table', async () => {
    const made = scene({ terminal: true });
    expect(await servers(made.context)).toBe(0);
    expect(made.stderr.text).toContain('connecting 1 server');
    expect(made.stdout.text).toMatch(/SERVER.*TOOLS.*STATE.*WHY/);
    expect(made.stdout.text).toMatch(/plain +9 +ready/);
  });

  it('answers 4 and the reason when one of them cannot be used', async () => {
    const made = scene({ config: join(world.cwd, 'broken.json'), json: true });
    expect(await servers(made.context)).toBe(4);
    const rows = JSON.parse(made.stdout.text).servers;
    expect(rows.map((row: { name: string }) => row.name)).toEqual(['plain', 'gone']);
    expect(rows[0]).toMatchObject({ state: 'ready', tools: 9 });
    expect(rows[1].error).toContain('gone');
  });

  it('says how to configure one when there is none', async () => {
    const made = scene({ config: join(world.cwd, 'empty.json') });
    expect(await servers(made.context)).toBe(0);
    expect(made.stderr.text).toContain('warning: no server is configured\nhint: Write mcp-optimizer.json');
  });
});

describe('version and licences', () => {
  it('name the product, its Node and its engine, for people and as JSON', () => {
    const people = scene();
    printVersion(people.context);
    expect(people.stdout.text).toMatch(/^mcp-optimizer \d+\.\d+\.\d+\nnode +26\.\d+\.\d+\nengine +quickjs /);
    const program = scene({ json: true });
    printVersion(program.context);
    expect(JSON.parse(program.stdout.text)).toMatchObject({ engine: { name: 'quickjs' }, node: process.versions.node });
  });

  it('print the notices of everything inside', () => {
    const made = scene();
    printLicenses(made.context);
    expect(made.stdout.text).toContain('Node.js is licensed for use as follows');
  });
});
