/** Backends, stores and exporters by name, from modules and from the program: what is used, and what is refused. */
import { afterAll, describe, expect, it } from 'vitest';
import { Extensions } from '../../src/app/extensions.ts';
import { CodeExecutor } from '../../src/library/code-executor.ts';
import { registerBackend } from '../../src/library/registry.ts';
import { SecureSandbox } from '../../src/library/secure-sandbox.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { Folder } from '../docs/world.ts';

const folder = new Folder();
afterAll(() => folder.remove());

const ECHO = `export function register({ registerBackend }) {
  registerBackend('echo', ({ name, options, limits, inventory }) => ({
    name, stats: () => ({ seen: 1 }), close: async () => { globalThis.echoClosed = true; },
    run: async ({ paramsText }) => ({ valueText: JSON.stringify({ ...JSON.parse(paramsText), options, wallMs: limits.wallMs, servers: Object.keys(inventory()) }) }),
  }));
}`;

const MEMORY_STORE = (path: string): string => `import { MemoryStore } from ${JSON.stringify(path)};
export async function register({ registerStore, error }) {
  registerStore('attic', ({ url, clock }) => {
    globalThis.atticUrl = url;
    const store = new MemoryStore(clock);
    if (url.includes('broken')) store.put = async () => { throw new Error('the attic is full of bats'); };
    if (url.includes('refused')) store.put = async () => { throw error('limit.context', 'no room'); };
    return store;
  });
}`;

function executor(config: Record<string, unknown>, more: object = {}): CodeExecutor {
  return new CodeExecutor({ config, log: silentLog, ...more });
}

async function refusal(config: Record<string, unknown>, more: object = {}): Promise<{ code: string; message: string }> {
  const given = executor(config, more);
  try {
    await given.start();
  } catch (error) {
    return error as { code: string; message: string };
  } finally {
    await given.close();
  }
  throw new Error('it started');
}

describe('a backend of a module', () => {
  it('runs what asks for it by name, with its options, and is shown in manifest and stats', async () => {
    const path = folder.write('echo.mjs', ECHO);
    const given = executor({ modules: [path], backends: { echo: { a: 1 } }, limits: { wallMs: 900 } });
    const { value } = await given.execute('', { backend: 'echo', params: { x: 2 } });
    expect(value).toEqual({ x: 2, options: { a: 1 }, wallMs: 900, servers: [] });
    expect((await given.execute('return 1')).value).toBe(1);
    expect((await given.manifest()).manifest).toMatchObject({ backends: ['quickjs', 'echo'] });
    expect(await given.stats()).toMatchObject({ backends: { echo: { backend: 'echo', seen: 1, guard: { runs: 1 } } } });
    await given.close();
    expect((globalThis as { echoClosed?: boolean }).echoClosed).toBe(true);
  });

  it('runs no other language than that of guests', async () => {
    const given = executor({ modules: [folder.write('echo2.mjs', ECHO)] });
    await expect(given.execute('', { backend: 'echo', language: 'python' })).rejects.toMatchObject({
      code: 'request.params',
    });
    await given.close();
  });

  it.each([
    ['does not parse', 'export {', 'cannot be loaded'],
    ['throws', 'throw new Error("bats")', 'bats'],
    ['has no register', 'export const x = 1', 'exports no function `register`'],
    [
      'takes a name of ours',
      'export const register = (r) => r.registerBackend("quickjs", () => ({}))',
      'the name is taken',
    ],
    [
      'registers twice',
      'export const register = (r) => { r.registerBackend("a", () => {}); r.registerBackend("a", () => {}); }',
      'one already',
    ],
    ['has no name', 'export const register = (r) => r.registerBackend("A b", () => {})', 'no name'],
    ['has no factory', 'export const register = (r) => r.registerBackend("a", {})', 'no function'],
    ['makes nothing', 'export const register = (r) => r.registerBackend("a", () => null)', 'has no `run`'],
    [
      'fails to make it',
      'export const register = (r) => r.registerBackend("a", () => { throw new Error("bats") })',
      'bats',
    ],
  ])('that %s is refused', async (what, text, words) => {
    const path = folder.write(`${what.replaceAll(' ', '-')}.mjs`, text);
    const { code, message } = await refusal({ modules: [path] });
    expect([code, message]).toEqual(['config.module', expect.stringContaining(words)]);
  });

  it('that is not there is refused by its path', async () => {
    const { code, message } = await refusal({ modules: ['./nowhere.mjs'] });
    expect(code).toBe('config.module');
    expect(message).toContain('nowhere.mjs');
  });

  it.each([
    [{ backends: { ecko: {} } }, 'config.module', 'the nearest is `echo`'],
    [{ exporters: { ecko: {} } }, 'config.module', 'no module brings an exporter `ecko`'],
    [{ state: 'attic://x' }, 'config.module', 'store `attic`'],
  ])('of another name is refused: %j', async (config, code, words) => {
    const path = folder.write('echo3.mjs', ECHO);
    const state = 'state' in config ? { state: config.state as string } : {};
    expect(await refusal({ modules: [path], ...config }, state)).toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
  });

  it.each([
    [{ backends: { doker: {} } }, 'config.key', 'the nearest is `docker`'],
    [{ exporters: { lines: {} } }, 'config.key', 'no module is named'],
    [{ state: 'attic://x' }, 'config.value', 'in a file, in Redis or in memory'],
    [{ modules: ['lodash'] }, 'config.value', 'the path of a module'],
    [{ modules: [''] }, 'config.value', 'the path of a module'],
    [{ modules: './one.mjs' }, 'config.value', 'a list of paths'],
    [{ backends: { echo: 1 } }, 'config.value', 'an object of options'],
  ])('is asked for in vain: %j', async (config, code, words) => {
    expect(await refusal(config)).toMatchObject({ code, message: expect.stringContaining(words) });
  });
});

describe('a store of a module', () => {
  const path = folder.write('attic.mjs', MEMORY_STORE(new URL('../../src/state/memory.ts', import.meta.url).href));

  it('keeps state by the scheme of `state`', async () => {
    const given = executor({ modules: [path], state: 'attic://here/x' });
    await given.execute('await context.set("a", 5)');
    expect((await given.execute('return context.get("a")')).value).toBe(5);
    expect((globalThis as { atticUrl?: string }).atticUrl).toBe('attic://here/x');
    await given.close();
  });

  it.each([
    ['broken', 'state.unavailable', 'the store `attic` failed: the attic is full of bats'],
    ['refused', 'limit.context', 'no room'],
  ])('that is %s answers with %s', async (how, code, words) => {
    const given = executor({ modules: [path] }, { state: `attic://${how}` });
    const { error } = await given.execute('await context.set("a", 5)');
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    await given.close();
  });
});

describe('an exporter of a module', () => {
  it('is told of every run with figures and codes, never with texts, and is closed last', async () => {
    const told: Array<Record<string, unknown>> = [];
    (globalThis as { told?: unknown }).told = told;
    const path = folder.write(
      'told.mjs',
      `export const register = ({ registerExporter }) => {
         registerExporter('told', ({ options }) => ({ runEnded: (r) => { told.push({ ...r, options }); if (options.throws) throw new Error('x'); }, close: async () => told.push('closed') }));
       };`,
    );
    const given = executor(
      { modules: [path], exporters: { told: { throws: true } } },
      { tools: { math: { add: () => 3 } } },
    );
    await given.execute('const secret = "sesame"; return tools.math.add({ secret })', { tenant: 'acme' });
    await given.execute('throw new Error("sesame")');
    await given.callTool('math', 'add');
    await given.close();
    expect(
      told.map((report) =>
        typeof report === 'string' ? report : [report.tenant, report.backend, report.status, report.error],
      ),
    ).toEqual([
      ['acme', 'quickjs', 'completed', undefined],
      ['default', 'quickjs', 'failed', 'program.error'],
      ['default', 'none', 'completed', undefined],
      'closed',
    ]);
    expect(told[0]).toMatchObject({ calls: [{ tool: 'math.add', status: 'ok' }], options: { throws: true } });
    expect(JSON.stringify(told)).not.toContain('sesame');
  });
});

describe('what a program registers', () => {
  it('is known to every class that is made afterwards', async () => {
    const fixed = { name: 'fixed', run: async () => ({ valueText: '1' }), stats: () => ({}), close: async () => {} };
    registerBackend('fixed', () => fixed as never);
    const sandbox = new SecureSandbox({ backend: 'fixed', log: silentLog });
    expect((await sandbox.run('')).value).toBe(1);
    expect(await sandbox.stats()).toMatchObject({ backend: 'fixed' });
    await sandbox.close();
    expect(() => registerBackend('fixed', () => fixed as never)).toThrow(/one already/);
  });

  it('is not changed by what a config adds', () => {
    const base = new Extensions();
    new Extensions(base).registerBackend('more', () => ({}) as never);
    expect([...base.backends.keys()]).toEqual([]);
  });
});
