import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { type FleetDeps, isOffered, UpstreamFleet } from '../../src/upstream/fleet.ts';
import type { ServerSpec } from '../../src/upstream/server-spec.ts';
import { fixture, isAlive, MapStore, reference, until } from './fixture-servers.ts';

const opened: UpstreamFleet[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((fleet) => fleet.close(200)));
});

function fleetOf(specs: readonly ServerSpec[], more: Partial<FleetDeps> = {}): UpstreamFleet {
  const fleet = new UpstreamFleet(specs, {
    clock: systemClock,
    log: silentLog,
    store: new MapStore(),
    environment: process.env,
    limits: { lineBytes: 4 * 1024 * 1024, toolResultBytes: 100_000 },
    random: () => 0,
    clientInfo: { name: 'test', version: '0.0.0' },
    ...more,
  });
  opened.push(fleet);
  return fleet;
}

const textOf = (result: unknown) => (result as { content: [{ text: string }] }).content[0].text;

async function refusal(work: Promise<unknown>): Promise<OptimizerError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(OptimizerError);
  return error as OptimizerError;
}

describe('UpstreamFleet', () => {
  it('lists real servers side by side and calls them', async () => {
    const fleet = fleetOf([reference('memory'), reference('filesystem', [process.cwd()]), reference('everything')]);
    const seen = new Map<string, number>();
    fleet.onTools((server, tools) => seen.set(server, tools.length));
    await fleet.start();
    expect(await fleet.whenListed(15_000)).toEqual([]);
    expect(fleet.servers().map(({ name, state }) => [name, state])).toEqual([
      ['memory', 'ready'],
      ['filesystem', 'ready'],
      ['everything', 'ready'],
    ]);
    expect(fleet.servers().map((server) => [server.name, server.tools])).toEqual([...seen].sort(byFleetOrder));
    const sum = await fleet.call('everything', 'get-sum', { a: 2, b: 40 });
    expect(textOf(sum)).toContain('42');
    const file = await fleet.call('filesystem', 'read_text_file', { path: `${process.cwd()}/package.json` });
    expect(textOf(file)).toContain('"mcp-optimizer"');
    expect(await fleet.call('memory', 'read_graph', {})).toMatchObject({ structuredContent: { entities: [] } });
    expect(await fleet.call('everything', 'get-sum', { a: 'no' })).toMatchObject({ isError: true });
    expect(fleet.instructions('everything')).toBeTypeOf('string');
  });

  it('forwards progress of a real server', async () => {
    const fleet = fleetOf([reference('everything')]);
    const steps: number[] = [];
    await fleet.call(
      'everything',
      'trigger-long-running-operation',
      { duration: 0.4, steps: 4 },
      {
        onProgress: ({ progress }) => steps.push(progress),
      },
    );
    expect(steps).toEqual([1, 2, 3, 4]);
  });

  it('starts no server whose list is kept, and serves the kept list at once', async () => {
    const store = new MapStore();
    const first = fleetOf([fixture('plain')], { store });
    await first.start();
    await first.whenListed(10_000);
    await first.close(200);
    const second = fleetOf([fixture('plain')], { store });
    const lists: string[] = [];
    second.onTools((server, tools) => lists.push(`${server}: ${tools.length}`));
    await second.start();
    expect(lists).toEqual(['plain: 9']);
    expect(await second.whenListed(0)).toEqual([]);
    expect(second.servers()).toEqual([{ name: 'plain', tools: 9, state: 'idle', problems: [] }]);
    await second.call('plain', 'echo', {});
    expect(second.servers()[0]?.state).toBe('ready');
  });

  it('tells a late listener what is known, and none after it has left', async () => {
    const fleet = fleetOf([fixture('list-changed')]);
    await fleet.refresh();
    const lists: number[] = [];
    const leave = fleet.onTools((_server, tools) => lists.push(tools.length));
    expect(lists).toEqual([2]);
    leave();
    await fleet.call('list-changed', 'grow', {});
    await until(() => fleet.tools('list-changed').length === 3);
    expect(lists).toEqual([2]);
  });

  it('is not stopped by a server that fails, and names it', async () => {
    const fleet = fleetOf([
      fixture('exits-at-once'),
      fixture('plain'),
      fixture('silent', [], { startTimeoutMs: 60_000 }),
    ]);
    await fleet.start();
    const missing = await fleet.whenListed(3_000);
    expect(missing).toEqual(['exits-at-once', 'silent']);
    const [failed] = fleet.servers();
    expect(['backoff', 'connecting']).toContain(failed?.state);
    expect(textOf(await fleet.call('plain', 'echo', { a: 1 }))).toBe('{"a":1}');
  });

  it('does not wait for a server that has failed', async () => {
    const fleet = fleetOf([{ ...fixture('plain'), command: 'no-such-command-here' }]);
    await fleet.start();
    expect(await fleet.whenListed(600_000)).toEqual(['plain']);
    expect(fleet.servers()[0]).toMatchObject({
      state: 'failed',
      error: 'Server "plain": the command `no-such-command-here` was not found.',
    });
  });

  it('offers and calls only what the config includes', async () => {
    const fleet = fleetOf([fixture('plain', [], { include: ['e*', 'pid', 'slow'], exclude: ['slow', '*v'] })]);
    await fleet.refresh('plain');
    expect(fleet.tools('plain').map((tool) => tool.name)).toEqual(['echo', 'pid']);
    expect(fleet.servers()[0]?.tools).toBe(2);
    const error = await refusal(fleet.call('plain', 'env', {}));
    expect(error.code).toBe('request.tool');
    expect(error.message).toBe('Tool "env" of server "plain" is left out by the config.');
  });

  it('names the nearest servers for an unknown one', async () => {
    const fleet = fleetOf([fixture('plain'), fixture('pages', ['three'])]);
    const error = await refusal(fleet.call('plane', 'echo', {}));
    expect(error.code).toBe('request.server');
    expect(error.message).toBe('No server "plane" is configured; nearest: "plain", "pages".');
    expect(error.data?.nearest).toEqual(['plain', 'pages']);
  });

  it('refuses a result over `toolResultBytes` and takes one below it', async () => {
    const fleet = fleetOf([fixture('plain')]);
    expect(textOf(await fleet.call('plain', 'big', { bytes: 99_900 }))).toHaveLength(99_900);
    const error = await refusal(fleet.call('plain', 'big', { bytes: 100_001 }));
    expect(error.code).toBe('limit.toolResult');
    expect(error.message).toBe('Server "plain" answered "big" with more than 100000 bytes (toolResultBytes).');
  });

  it('takes the timeout of the call, else of the tool, else of the server', async () => {
    const fleet = fleetOf([fixture('plain', [], { timeoutMs: 120, toolTimeoutsMs: { never: 60 } })]);
    await fleet.refresh();
    const timeouts: unknown[] = [];
    for (const options of [{ timeoutMs: 30 }, {}]) {
      timeouts.push((await refusal(fleet.call('plain', 'never', {}, options))).data?.timeoutMs);
    }
    timeouts.push((await refusal(fleet.call('plain', 'slow', { steps: 1, everyMs: 5_000 }))).data?.timeoutMs);
    expect(timeouts).toEqual([30, 60, 120]);
  });

  it('hands a child its own variables and none of ours', async () => {
    const environment = { ...process.env, OTHER_SERVERS_TOKEN: 's3cret' };
    const fleet = fleetOf([fixture('plain', [], { env: { OWN: 'mine' } })], { environment });
    const seen = JSON.parse(textOf(await fleet.call('plain', 'env', {}))) as Record<string, string>;
    expect(seen.OWN).toBe('mine');
    expect(seen.PATH).toBe(process.env.PATH);
    expect(seen).not.toHaveProperty('OTHER_SERVERS_TOKEN');
  });

  it('passes any other request through', async () => {
    const fleet = fleetOf([reference('everything')]);
    const { resources } = (await fleet.request('everything', 'resources/list', {})) as { resources: unknown[] };
    expect(resources.length).toBeGreaterThan(0);
  });

  it('leaves no process behind, whatever its servers do', async () => {
    const fleet = fleetOf([fixture('plain'), fixture('stubborn'), fixture('grandchild')]);
    await fleet.refresh();
    const pids = [
      Number(textOf(await fleet.call('plain', 'pid', {}))),
      Number(textOf(await fleet.call('stubborn', 'pid', {}))),
      ...(JSON.parse(textOf(await fleet.call('grandchild', 'pids', {}))) as number[]),
    ];
    expect(pids.map(isAlive)).toEqual([true, true, true, true]);
    await fleet.close(300);
    expect(pids.map(isAlive)).toEqual([false, false, false, false]);
  });

  it.each(['plain', 'silent'])('kills its servers when our own process exits without closing it (%s)', async (name) => {
    const script = `
      import { existsSync } from 'node:fs';
      import { UpstreamFleet } from './src/upstream/fleet.ts';
      const store = { name: 'none', get: async () => undefined, set: async () => {} };
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const fleet = new UpstreamFleet([JSON.parse(process.argv[1])], {
        clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() }, log, store, environment: process.env,
        limits: { lineBytes: 1e6, toolResultBytes: 1e6 }, random: Math.random, clientInfo: { name: 't', version: '0' },
      });
      await fleet.start();
      while (!existsSync(process.argv[2]) || (process.argv[3] === 'plain' && !fleet.servers()[0].tools)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      process.exit(0);`;
    // Ignores the end of its input, so that only a signal ends it.
    const wrapped = `await import(process.argv[1]); setInterval(() => {}, 1000)`;
    const spec = fixture(name);
    const stubborn = { ...spec, args: ['--input-type=module', '-e', `${LINGER};${wrapped}`, spec.args[0]] };
    const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
    const pidFile = join(folder, 'pid');
    const env = { PID_FILE: pidFile };
    const args = ['--input-type=module', '-e', script, JSON.stringify({ ...stubborn, env }), pidFile, name];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(0);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(pid).toBeGreaterThan(0);
    await until(() => !isAlive(pid));
    rmSync(folder, { recursive: true });
  });
});

describe('isOffered', () => {
  it.each([
    ['get_x', ['get_*'], true],
    ['get_', ['get_*'], true],
    ['xget_', ['get_*'], false],
    ['a_b_c', ['a*b*c'], true],
    ['abc', ['a*bc*bc'], false],
    ['aa', ['a*a'], true],
    ['a', ['a*a'], false],
    ['x.y', ['x?y'], false],
    ['anything', ['*'], true],
  ])('matches %s against %j: %s', (name, include, offered) => {
    expect(isOffered(name, { include, exclude: [] })).toBe(offered);
  });
  it('lets `exclude` win', () => {
    expect(isOffered('a', { include: ['a'], exclude: ['a'] })).toBe(false);
    expect(isOffered('a', { include: undefined, exclude: ['b'] })).toBe(true);
  });
});

/** Notes the pid of a server process and keeps it from ending by itself. */
const LINGER = `
  import { writeFileSync } from 'node:fs';
  writeFileSync(process.env.PID_FILE, String(process.pid));
  process.exit = () => {}`;

const ORDER = ['memory', 'filesystem', 'everything'];
function byFleetOrder([a]: [string, number], [b]: [string, number]): number {
  return ORDER.indexOf(a) - ORDER.indexOf(b);
}
