/** The grammar: which command is chosen, what wrong use is told, and the exit status. In process; test/e2e has the binary. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.ts';

let stdout = '';
let stderr = '';

beforeEach(() => {
  stdout = '';
  stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the command line', () => {
  it.each([['serve'], ['run'], ['search'], ['types'], ['servers'], ['licenses']])(
    'describes %s with its options and the exit statuses',
    async (name) => {
      expect(await runCommandLine([name, '--help'])).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: mcp-optimizer ${name} `));
      for (const part of ['--config <file>', '--json', 'Exit statuses:', '70  a fault of ours']) {
        expect(stdout).toContain(part);
      }
    },
  );

  it('describes itself with all its commands', async () => {
    expect(await runCommandLine(['--help'])).toBe(0);
    for (const name of ['serve', 'run', 'search', 'types', 'servers', 'licenses']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  it('prints its version for people and as JSON', async () => {
    expect(await runCommandLine(['--version'])).toBe(0);
    expect(stdout).toMatch(/^mcp-optimizer \d/);
    stdout = '';
    expect(await runCommandLine(['--version', '--json'])).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('wasmSha256');
  });

  it.each<[string, string[], RegExp]>([
    ['an unknown command, with the nearest', ['serch'], /there is no command `serch`[\s\S]*Did you mean `search`\?/],
    ['an unknown option', ['run', '--fast', '-'], /unknown option '--fast'/],
    ['a missing argument', ['run'], /missing required argument 'file'/],
    ['an argument too many', ['servers', 'one'], /too many arguments/],
    ['a limit out of its range', ['search', 'x', '--limit', '99'], /expected a whole number from 1 to 50/],
    ['an unknown option of serve', ['serve', '--frob', 'x'], /unknown option '--frob'/],
  ])('answers 2 to %s', async (_, args, message) => {
    expect(await runCommandLine(args)).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  it('answers wrong use as JSON on stdout with --json', async () => {
    expect(await runCommandLine(['search', '--json', 'x', '--limit', 'many'])).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'request.command' } });
    expect(stderr).toBe('');
  });

  it('answers 3 to a config that cannot be used', async () => {
    expect(await runCommandLine(['serve', '--config', '/no/such/config.json'])).toBe(3);
    expect(stderr).toContain('/no/such/config.json');
  });
});
