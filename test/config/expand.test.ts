// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of config files are written in this way.
/** References in strings, and which strings must never be shown. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { environmentOf } from '../../src/config/environment.ts';
import { Expander } from '../../src/config/expand.ts';
import { Places } from '../../src/config/places.ts';
import { type SecretCandidate, secretsOf } from '../../src/config/secrets.ts';
import { World } from './world.ts';

const facts = { variables: { NAME: 'value', EMPTY: '', HOME: '/home/me' }, cwd: '/work', homeDirectory: '/home/me' };

function expanded(text: string, platform: NodeJS.Platform = 'linux') {
  const expander = new Expander(environmentOf({ ...facts, platform }), new Places());
  const value = expander.expand(text, ['k']);
  return { value, messages: expander.problems.map((problem) => problem.message), expander };
}

describe('a reference', () => {
  it.each([
    ['${env:NAME}', 'value'],
    ['${NAME}', 'value'],
    ['a ${env:NAME} b ${NAME}', 'a value b value'],
    ['${env:EMPTY}', ''],
    ['${env:EMPTY:-x}', 'x'],
    ['${MISSING:-}', ''],
    ['${MISSING:-https://a.b/c:-d}', 'https://a.b/c:-d'],
    ['${userHome}/x', '/home/me/x'],
    ['${workspaceFolder}${/}x${pathSeparator}', '/work/x/'],
    ['${workspaceFolderBasename}', 'work'],
    ['$${env:NAME}', '${env:NAME}'],
    ['$NAME $${', '$NAME ${'],
    ['${x.y} ${a b} ${} ${', '${x.y} ${a b} ${} ${'],
    ['{"a": {"b": 1}}', '{"a": {"b": 1}}'],
  ])('%s becomes %s', (text, result) => {
    expect(expanded(text)).toMatchObject({ value: result, messages: [] });
  });

  it.each([
    ['${env:MISSING}', 'the environment variable `MISSING` is not set (`${env:MISSING}`)'],
    ['${MISSING}', 'the environment variable `MISSING` is not set (`${MISSING}`)'],
    ['${input:token}', '`${input:token}` asks a person at an editor, and here is nobody to ask'],
    ['${secret:x}', 'a reference to a secret store is not in this version yet'],
    ['${command:x}', '`${command:x}` is a reference that only another program can resolve'],
    ['a ${env:NAME', '`${env:NAME` has no closing brace'],
  ])('%s is refused', (text, message) => {
    const { messages, expander } = expanded(text);
    expect(messages).toEqual([message]);
    expect(expander.isUnresolved(['k'])).toBe(true);
  });

  it('is found in every string but not in keys', () => {
    const { expander } = expanded('');
    expect(expander.expand({ '${NAME}': ['${NAME}', 1, null, { a: '${NAME}' }] }, [])).toEqual({
      '${NAME}': ['value', 1, null, { a: 'value' }],
    });
  });

  it('is not expanded a second time', () => {
    const expander = new Expander(
      environmentOf({ ...facts, variables: { A: '${B}', B: 'x' }, platform: 'linux' }),
      new Places(),
    );
    expect(expander.expand('${A}', [])).toBe('${B}');
  });

  it('finds a variable without regard to case on Windows only', () => {
    expect(expanded('${env:name}', 'win32').value).toBe('value');
    expect(expanded('${env:name}').messages).toHaveLength(1);
  });

  it('marks what came from a variable as secret, unless it says where and who', () => {
    const { expander } = expanded('${NAME}');
    expect([...expander.secretValues]).toEqual(['value']);
    expect(expander.isFromSecret(['k'])).toBe(true);
    const home = expanded('${env:HOME}/data').expander;
    expect([...home.secretValues]).toEqual([]);
    expect(home.isFromSecret(['k'])).toBe(false);
  });
});

describe('a missing variable', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => {
    world.remove();
  });

  it('is named with file, line and key, and nothing else is said of its value', async () => {
    const error = await world.errorOf('{\n "mcpServers": {"a": {\n  "url": "${env:ADDRESS}" }}\n}');
    expect(error.code).toBe('config.environment');
    expect(error.message).toBe(
      'mcp-optimizer.json:3:10 mcpServers.a.url: the environment variable `ADDRESS` is not set (`${env:ADDRESS}`)',
    );
    expect(error.hint).toBe('Set `ADDRESS`, or give a default: `${env:ADDRESS:-…}`.');
    expect(error.data).toMatchObject({ problems: [{ variable: 'ADDRESS', line: 3 }] });
  });

  it('that asks a person is told what to write instead', async () => {
    const error = await world.errorOf({ servers: { a: { command: 'x', env: { T: '${input:token}' } } }, inputs: [] });
    expect(error.code).toBe('config.environment');
    expect(error.hint).toBe('Put the value into an environment variable and write `${env:NAME}`.');
  });

  it('never shows the value of another variable in an error', async () => {
    world.variables = { TOKEN: 'hunter2hunter2' };
    const error = await world.errorOf({
      toolPrefix: '${env:TOKEN} !',
      state: '${env:TOKEN}://x',
      mcpServers: { a: { url: '${env:TOKEN}', headers: { 'A B': '${env:TOKEN}', C: '${env:TOKEN}\n' } } },
    });
    for (const key of ['toolPrefix', 'state', 'a.url', 'headers.C']) expect(error.message).toContain(key);
    expect(JSON.stringify([error.message, error.hint, error.data])).not.toContain('hunter2');
  });

  it('is collected with `env` and `headers` in the list of secrets', async () => {
    world.variables = { TOKEN: 'tok-from-variable', DIR: '/srv/secret-dir', HOME: '/home/somebody' };
    const config = await world.loadJson({
      mcpServers: {
        a: {
          command: 'x',
          args: ['--dir', '${env:DIR}', '${env:HOME}/notes'],
          env: { GITHUB_TOKEN: 'ghp_literal', MEMORY_FILE: '/data/memory.json', NODE_ENV: 'production' },
        },
        b: {
          url: 'https://x.y',
          headers: { Authorization: 'Bearer ${env:TOKEN}', 'Content-Type': 'application/json' },
        },
      },
    });
    expect(config.secrets).toEqual(['Bearer tok-from-variable', 'tok-from-variable', '/srv/secret-dir', 'ghp_literal']);
  });
});

describe('the list of secrets', () => {
  const listOf = (name: string, value: string, more: Partial<SecretCandidate> = {}) =>
    secretsOf([], [{ kind: 'env', name, value, fromVariable: false, ...more }]);

  it.each([
    ['DATA_DIR', '/srv/data'],
    ['DATA_DIR', '~/data'],
    ['DATA_DIR', 'C:\\data\\x'],
    ['PORT', '1234567'],
    ['HOST', 'localhost:8080'],
    ['GITLAB_API_URL', 'https://gitlab.com/api/v4'],
    ['LOG_LEVEL', 'verbose'],
    ['SHORT_TOKEN', 'abc'],
  ])('leaves out %s=%s', (name, value) => {
    expect(listOf(name, value)).toEqual([]);
  });

  it.each([
    ['API_KEY', '1234567'],
    ['SLACK_WEBHOOK_URL', 'https://hooks.slack.com/services/T0/B0/X'],
    ['SOMETHING', 'swordfish'],
    ['SECRET_FILE', '/run/secrets/x'],
    ['ADDRESS', 'https://x.y/?k=abcdef'],
  ])('holds %s=%s', (name, value) => {
    expect(listOf(name, value)).toEqual([value]);
  });

  it('holds a plain-looking value when it came from a variable', () => {
    expect(listOf('DATA_DIR', '/srv/data', { fromVariable: true })).toEqual(['/srv/data']);
  });

  it('holds the parts that may turn up alone, longest first', () => {
    expect(listOf('Authorization', 'Bearer abcdefgh', { kind: 'header' })).toEqual(['Bearer abcdefgh', 'abcdefgh']);
    expect(listOf('DATABASE_URL', 'postgres://me:p%40ssword@h/db')).toEqual([
      'postgres://me:p%40ssword@h/db',
      'p%40ssword',
      'p@ssword',
    ]);
    expect(listOf('OPENAPI_HEADERS', '{"Authorization":"Bearer ntn_12345","v":"1"}')).toEqual([
      '{\\"Authorization\\":\\"Bearer ntn_12345\\",\\"v\\":\\"1\\"}',
      '{"Authorization":"Bearer ntn_12345","v":"1"}',
      'Bearer ntn_12345',
      'ntn_12345',
    ]);
    expect(listOf('PRIVATE_KEY', 'line one\nline two')).toEqual(['line one\\nline two', 'line one\nline two']);
  });
});
