import { describe, expect, it } from 'vitest';
import { inheritedEnvironment, spawnCommand } from '../../src/upstream/spawn-command.ts';

describe('inheritedEnvironment', () => {
  it('hands on the small set and nothing that may be a credential', () => {
    const all = { PATH: '/bin', HOME: '/home/me', GITHUB_TOKEN: 's3cret', LANG: 'C', BASH_FUNC: 'x', path: 'no' };
    expect(inheritedEnvironment(all, 'linux')).toEqual({ PATH: '/bin', HOME: '/home/me', LANG: 'C' });
  });

  it('compares names without case on Windows and keeps their spelling', () => {
    const all = { Path: 'C:\\bin', SystemRoot: 'C:\\Windows', API_KEY: 'x', HOME: 'no' };
    expect(inheritedEnvironment(all, 'win32')).toEqual({ Path: 'C:\\bin', SystemRoot: 'C:\\Windows' });
  });

  it('leaves out shell functions and unset names', () => {
    expect(inheritedEnvironment({ TERM: '() { :; }; evil', USER: undefined, SHELL: '/bin/sh' }, 'darwin')).toEqual({
      SHELL: '/bin/sh',
    });
  });
});

describe('spawnCommand', () => {
  const env = { Path: 'C:\\tools;C:\\node', PATHEXT: '.EXE;.CMD', ComSpec: 'C:\\Windows\\cmd.exe' };

  it('starts the command itself on POSIX', () => {
    expect(spawnCommand('npx', ['-y', 'a b'], {}, 'linux')).toEqual({
      command: 'npx',
      args: ['-y', 'a b'],
      verbatim: false,
    });
  });

  it('finds a program along PATH and PATHEXT on Windows', () => {
    const exists = (path: string) => path === 'C:\\node\\node.EXE';
    expect(spawnCommand('node', ['x'], env, 'win32', exists)).toEqual({
      command: 'C:\\node\\node.EXE',
      args: ['x'],
      verbatim: false,
    });
  });

  it('starts a batch file through cmd.exe with every metacharacter escaped', () => {
    const exists = (path: string) => path === 'C:\\node\\npx.CMD';
    const { command, args, verbatim } = spawnCommand('npx', ['-y', 'a & calc'], env, 'win32', exists);
    expect(command).toBe('C:\\Windows\\cmd.exe');
    expect(verbatim).toBe(true);
    expect(args.slice(0, 3)).toEqual(['/d', '/s', '/c']);
    expect(args[3]).toBe('"C:\\node\\npx.CMD ^^^"-y^^^" ^^^"a^^^ ^^^&^^^ calc^^^""');
  });
});
