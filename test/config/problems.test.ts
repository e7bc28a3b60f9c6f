// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of config files are written in this way.
/** What a wrong file is answered: the file, the line, the key, the nearest right one, and everything at once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NOT_YET } from '../../src/config/not-yet.ts';
import { pathText } from '../../src/config/problem.ts';
import { LIMITS } from '../../src/sandbox/limits.ts';
import { failureOf, World } from './world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  world.remove();
});

describe('an unknown key', () => {
  it('is answered with file, line, column, path and the nearest key', async () => {
    const error = await world.errorOf('{\n  "mcpServers": {\n    "gh": { "comand": "npx" }\n  }\n}');
    expect(error.code).toBe('config.key');
    expect(error.message).toBe(
      'mcp-optimizer.json:3:13 mcpServers.gh.comand: unknown key `comand`; the nearest is `command`',
    );
    expect(error.data).toMatchObject({
      file: 'mcp-optimizer.json',
      problems: [{ code: 'config.key', path: 'mcpServers.gh.comand', line: 3, column: 13, nearest: ['command'] }],
    });
  });

  it.each([
    ['{"mcpserver": {}}', 'mcpserver', 'mcpServers'],
    ['{"toolPrefx": ""}', 'toolPrefx', 'toolPrefix'],
    ['{"limits": {"wallMS": 1}}', 'limits.wallMS', 'wallMs'],
    ['{"pool": {"poolWarmUp": true}}', 'pool.poolWarmUp', 'poolWarmup'],
    ['{"log": {"levle": "info"}}', 'log.levle', 'level'],
    ['{"mcpServers": {"a": {"command": "x", "tools": {"includes": []}}}}', 'mcpServers.a.tools.includes', 'include'],
    ['{"servers": {"a": {"command": "x", "timeout": 1}}}', 'servers.a.timeout', 'timeoutMs'],
  ])('in %s is answered with the nearest key', async (content, path, near) => {
    const [problem, ...others] = await world.problemsOf(content);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code: 'config.key', path });
    expect(problem?.nearest).toContain(near);
  });

  it('that is right elsewhere is told where it belongs', async () => {
    const problems = await world.problemsOf({
      wallMs: 1,
      timeoutMs: 5,
      mcpServers: { a: { command: 'x', toolPrefix: 'y', policy: {}, include: [] } },
    });
    expect(problems.map((problem) => problem.message)).toEqual([
      'unknown key `wallMs` here; it belongs inside `limits`',
      'unknown key `timeoutMs` here; it belongs inside a server of `mcpServers`',
      'unknown key `toolPrefix` here; it belongs at the top of the file',
      'unknown key `policy` here; it belongs at the top of the file',
      'unknown key `include` here; it belongs inside `tools` of a server',
    ]);
  });

  it('that resembles nothing is answered with the list of keys', async () => {
    const [problem] = await world.problemsOf('{"zzzzzz": 1}');
    expect(problem?.message).toBe('unknown key `zzzzzz`');
    expect(problem?.hint).toContain('`mcpServers`');
  });

  it('is found in YAML at its line', async () => {
    world.write('mcp-optimizer.yaml', 'mcpServers:\n  gh:\n    comand: npx\n');
    const error = await failureOf(() => world.load());
    expect(error.message).toBe(
      'mcp-optimizer.yaml:3:5 mcpServers.gh.comand: unknown key `comand`; the nearest is `command`',
    );
  });

  it('may not stand twice, nor be `__proto__`', async () => {
    const problems = await world.problemsOf(
      '{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}, "__proto__": {}}}',
    );
    expect(problems).toMatchObject([
      { code: 'config.key', path: 'mcpServers.a', message: 'this key stands here twice', column: 40 },
      { code: 'config.key', path: 'mcpServers.__proto__', message: 'this name cannot be a key' },
    ]);
    world.write('twice.yaml', 'log: {}\nlog: {}\n');
    const error = await failureOf(() => world.load({ configPath: 'twice.yaml' }));
    expect(error.code).toBe('config.key');
    expect(error.message).toContain('twice.yaml:2:1');
  });
});

describe('a wrong value', () => {
  it.each([
    [{ toolPrefix: 7 }, 'toolPrefix', 'expected at most 32 letters, digits, `_` and `-`, got `7`'],
    [{ toolPrefix: 'a b' }, 'toolPrefix', 'expected at most 32 letters, digits, `_` and `-`, got `"a b"`'],
    [{ limits: { wallMs: 1 } }, 'limits.wallMs', 'expected a whole number from 10 to 3,600,000 ms, got `1`'],
    [{ limits: { wallMs: '5s' } }, 'limits.wallMs', 'expected a whole number from 10 to 3,600,000 ms, got `"5s"`'],
    [{ limits: { calls: 1.5 } }, 'limits.calls', 'expected a whole number from 0 to 100,000, got `1.5`'],
    [{ limits: [] }, 'limits', 'expected an object of limits, got a list'],
    [{ limits: null }, 'limits', 'expected an object of limits, got `null`'],
    [{ log: { level: 'infos' } }, 'log.level', 'the nearest is `"info"`'],
    [{ check: 'offf' }, 'check', 'got `"offf"`; the nearest is `"off"`'],
    [{ isolation: 'proces' }, 'isolation', 'got `"proces"`; the nearest is `"process"`'],
    [
      { backends: { quickjs: { engine: 'ng' } } },
      'backends.quickjs.engine',
      'expected one of `"quickjs"`, `"quickjs-ng"`',
    ],
    [{ backends: { quickjs: { engin: 'x' } } }, 'backends.quickjs.engin', '`engin`'],
    [{ pool: { min: 5, max: 2 } }, 'pool.min', '`min` is 5 workers, more than `max` with 2'],
    [{ state: '' }, 'state', 'expected a text that is not empty, got `""`'],
    [{ state: 'postgres://x' }, 'state', 'state is kept in a file, in Redis or in memory'],
    [{ mcpServers: [] }, 'mcpServers', 'expected an object of server names and servers, got a list'],
    [{ mcpServers: { a: 'npx' } }, 'mcpServers.a', 'expected an object that describes one server, got `"npx"`'],
    [{ mcpServers: { a: {} } }, 'mcpServers.a', 'the server has neither `command` nor `url`'],
    [{ mcpServers: { a: { command: '' } } }, 'mcpServers.a.command', 'expected a text that is not empty, got `""`'],
    [{ mcpServers: { a: { command: 'x', args: 'y' } } }, 'mcpServers.a.args', 'expected a list of texts, got `"y"`'],
    [
      { mcpServers: { a: { command: 'x', args: ['y', {}] } } },
      'mcpServers.a.args[1]',
      'expected a text, a number or a boolean, got an object',
    ],
    [
      { mcpServers: { a: { command: 'x', url: 'http://y' } } },
      'mcpServers.a',
      '`command` and `url` contradict each other',
    ],
    [{ mcpServers: { a: { type: 'http', command: 'x' } } }, 'mcpServers.a', '`type: "http"` and no `url`'],
    [{ mcpServers: { a: { type: 'stdio', url: 'http://x' } } }, 'mcpServers.a', '`type: "stdio"` and no `command`'],
    [{ mcpServers: { a: { type: 'studio', command: 'x' } } }, 'mcpServers.a.type', 'the nearest is `"stdio"`'],
    [{ mcpServers: { a: { url: 'example.com' } } }, 'mcpServers.a.url', 'starts with `http://` or `https://`'],
    [{ mcpServers: { a: { url: 'https://me:pass@x.y' } } }, 'mcpServers.a.url', 'holds a user or a password'],
    [
      { mcpServers: { a: { url: 'https://x.y', headers: { 'X Y': 'z' } } } },
      'mcpServers.a.headers["X Y"]',
      'no name of an HTTP header',
    ],
    [
      { mcpServers: { a: { command: 'x', effects: { t: 'reads' } } } },
      'mcpServers.a.effects.t',
      'the nearest is `"read"`',
    ],
    [{ mcpServers: { a: { command: 'x', envFile: 'nope.env' } } }, 'mcpServers.a.envFile', 'cannot be read'],
    [[], '', 'the file holds no object'],
  ])('%j names its path and what was expected', async (content, path, words) => {
    const problems = await world.problemsOf(content);
    const problem = problems.find((found) => found.path === path);
    expect(problem?.message).toContain(words);
    expect(problem?.line).toBeGreaterThan(0);
    expect(['config.value', 'config.key']).toContain(problem?.code);
  });

  it.each(['', 'x'.repeat(129), 'a\u0007'])('is a server name such as %j', async (name) => {
    const [problem] = await world.problemsOf({ mcpServers: { [name]: { command: 'x' } } });
    expect(problem).toMatchObject({ code: 'config.key', message: expect.stringContaining('1 to 128 characters') });
  });

  it('has one line per limit that tells both bounds', async () => {
    const limits = Object.fromEntries(Object.entries(LIMITS).map(([name, row]) => [name, row.max + 1]));
    const problems = await world.problemsOf({ limits });
    expect(problems.map((problem) => problem.path)).toEqual(Object.keys(LIMITS).map((name) => `limits.${name}`));
  });

  it('inside `env` or `headers` is never shown', async () => {
    const error = await world.errorOf({
      mcpServers: {
        a: { command: 'x', env: { TOKEN: ['hunter2hunter2'] } },
        b: { url: 'https://x.y', headers: { Authorization: { secret: 'hunter2hunter2' } } },
      },
    });
    expect(error.message).toContain('mcpServers.a.env.TOKEN');
    expect(error.message).toContain('mcpServers.b.headers.Authorization');
    expect(JSON.stringify([error.message, error.hint, error.data])).not.toContain('hunter2');
  });
});

describe('several problems', () => {
  it('are all reported at once, in the order of the file', async () => {
    const error = await world.errorOf(
      [
        '{',
        '  "tolPrefix": "x",',
        '  "limits": { "wallMs": -1, "cpuMs": "a" },',
        '  "hotSet": ["a.b"],',
        '  "mcpServers": {',
        '    "one": { "command": "x", "env": { "T": "${env:NOT_SET}" } },',
        '    "two": { "args": [] }',
        '  }',
        '}',
      ].join('\n'),
    );
    const problems = error.data?.problems as unknown as Array<{ code: string; path: string; line: number }>;
    expect(problems.map(({ code, path, line }) => `${line} ${code} ${path}`)).toEqual([
      '2 config.key tolPrefix',
      '3 config.value limits.wallMs',
      '3 config.value limits.cpuMs',
      '4 config.value hotSet[0]',
      '6 config.environment mcpServers.one.env.T',
      '7 config.value mcpServers.two',
    ]);
    expect(error.code).toBe('config.key');
    expect(error.message.split('\n')).toHaveLength(7);
    expect(error.message.split('\n')[0]).toBe('6 problems in the config:');
    expect(error.message).toContain('\n  mcp-optimizer.json:4:14 hotSet[0]: `a.b` does not');
  });
});

describe('what this version does not have yet', () => {
  it.each(Object.keys(NOT_YET.topKeys))('is refused by name: %s', async (key) => {
    expect(await world.problemsOf({ [key]: {} })).toMatchObject([
      { code: 'config.value', path: key, message: expect.stringMatching(/is not in this version yet$/) },
    ]);
  });

  it('does not hide a mode that will never exist', async () => {
    const [problem] = await world.problemsOf({ mode: 'fast' });
    expect(problem?.message).toMatch(/^expected one of `"code"`, `"hybrid"`, `"direct"`, .*, got `"fast"`$/);
  });

  it('is told apart from a contradiction: `servers` beside `mcpServers`', async () => {
    expect(await world.problemsOf({ servers: {}, mcpServers: {} })).toMatchObject([
      { code: 'config.key', path: 'servers', nearest: ['mcpServers'] },
    ]);
  });
});

describe('a file that does not parse', () => {
  it.each([
    ['{"a": 1 "b": 2}', '1:9', 'a comma was expected here'],
    ['{"mcpServers": {', '1:17', 'a closing brace `}` was expected here'],
    ['{"state": "C:\\Users"}', '1:11', 'this escape does not exist in JSON'],
    ["{'a': 1}", '1:2', 'this is no JSON value'],
    ['{"a": 1}\n{"b": 2}', '2:1', 'the file should end here'],
    ['{"a": "x', '1:7', 'this text is not closed'],
    ['', '1:1', 'the file is empty'],
    ['// only a comment', '1:18', 'a value was expected here'],
  ])('%j is answered at its place', async (content, place, words) => {
    const error = await world.errorOf(content);
    expect(error.code).toBe('config.syntax');
    expect(error.message).toContain(`mcp-optimizer.json:${place}: cannot be parsed: ${words}`);
    expect(error.message.split('\n')).toHaveLength(1);
  });

  it('tells how a Windows path is written', async () => {
    expect((await world.errorOf('{"state": "C:\\Users"}')).hint).toContain('`\\\\`');
  });

  it.each([
    ['a: [1, 2', 'yaml:1:9'],
    ['a: 1\n\tb: 2', 'yaml:2:'],
    ['a: 1\n---\nb: 2\n', 'yaml:2:'],
    ['a: *nothing\n', 'yaml:1:'],
  ])('%j is answered as YAML', async (content, place) => {
    world.write('mcp-optimizer.yaml', content);
    const error = await failureOf(() => world.load());
    expect(error.code).toBe('config.syntax');
    expect(error.message).toContain(place);
  });

  it('is refused, not followed, when it is nested without end', async () => {
    expect((await world.errorOf(`{"a": ${'['.repeat(100_000)}`)).code).toBe('config.syntax');
    expect((await world.errorOf(`{"a": ${'['.repeat(100)}${']'.repeat(100)}}`)).message).toContain('nested too deeply');
  });

  it('is refused, not unfolded, when its aliases stand for a great deal', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++) {
      lines.push(
        `a${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    }
    world.write('mcp-optimizer.yaml', lines.join('\n'));
    expect((await failureOf(() => world.load())).code).toBe('config.syntax');
  });
});

describe('a path in words', () => {
  it('quotes keys that are no plain words', () => {
    expect(pathText(['mcpServers', 'my server', 'args', 0])).toBe('mcpServers["my server"].args[0]');
    expect(pathText([])).toBe('');
  });
});
