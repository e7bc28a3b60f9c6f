import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { environmentOf, isPlainVariable, readEnvironment, variableOf } from '../../src/config/environment.ts';

describe('the user’s folders', () => {
  it('follow XDG on Linux, when its paths are absolute', () => {
    const facts = { cwd: '/', homeDirectory: '/home/me', platform: 'linux' as const };
    expect(environmentOf({ ...facts, variables: {} })).toMatchObject({
      configDirectory: '/home/me/.config/mcp-optimizer',
      stateDirectory: '/home/me/.local/state/mcp-optimizer',
    });
    const variables = { XDG_CONFIG_HOME: '/etc/me', XDG_STATE_HOME: 'relative' };
    expect(environmentOf({ ...facts, variables })).toMatchObject({
      configDirectory: '/etc/me/mcp-optimizer',
      stateDirectory: '/home/me/.local/state/mcp-optimizer',
    });
  });

  it('lie in Application Support on macOS', () => {
    const environment = environmentOf({ cwd: '/', homeDirectory: '/Users/me', platform: 'darwin', variables: {} });
    expect(environment.configDirectory).toBe('/Users/me/Library/Application Support/mcp-optimizer');
    expect(environment.stateDirectory).toBe(environment.configDirectory);
  });

  it('lie in AppData on Windows', () => {
    const facts = { cwd: 'C:\\', homeDirectory: 'C:\\Users\\me', platform: 'win32' as const };
    expect(environmentOf({ ...facts, variables: { APPDATA: 'D:\\Roaming' } })).toMatchObject({
      configDirectory: 'D:\\Roaming\\mcp-optimizer',
      stateDirectory: 'C:\\Users\\me\\AppData\\Local\\mcp-optimizer',
    });
  });
});

describe('what a child server inherits', () => {
  it('is a short list without keys of others and without shell functions', () => {
    const environment = environmentOf({
      cwd: '/',
      homeDirectory: '/home/me',
      platform: 'linux',
      variables: {
        PATH: '/bin',
        HOME: '/home/me',
        GITHUB_TOKEN: 'x',
        AWS_SECRET_ACCESS_KEY: 'x',
        NODE_OPTIONS: '--inspect',
        https_proxy: 'http://proxy:8080',
        TERM: '() { :; }',
        LANG: undefined,
      },
    });
    expect({ ...environment.childVariables }).toEqual({
      PATH: '/bin',
      HOME: '/home/me',
      https_proxy: 'http://proxy:8080',
    });
  });

  it('has the names of Windows in any case', () => {
    const variables = { Path: 'C:\\x', SystemRoot: 'C:\\Windows', 'ProgramFiles(x86)': 'C:\\p', Token: 'x' };
    const environment = environmentOf({ cwd: 'C:\\', homeDirectory: 'C:\\', platform: 'win32', variables });
    expect(Object.keys(environment.childVariables)).toEqual(['Path', 'SystemRoot', 'ProgramFiles(x86)']);
    expect(variableOf(environment, 'TOKEN')).toBe('x');
    expect(variableOf(environment, 'constructor')).toBeUndefined();
  });

  it('may hold a proxy’s password, which is therefore no plain variable', () => {
    expect(isPlainVariable('HTTPS_PROXY')).toBe(false);
    expect(isPlainVariable('Path')).toBe(true);
  });
});

describe('the process', () => {
  it('is read as a frozen value', () => {
    const environment = readEnvironment();
    expect(environment.cwd).toBe(process.cwd());
    expect(environment.variables.PATH).toBe(process.env.PATH);
    expect(environment.processors).toBeGreaterThan(0);
    expect(Object.isFrozen(environment.variables)).toBe(true);
    expect([environment.homeDirectory.length > 0, tmpdir().length > 0]).toEqual([true, true]);
  });
});
