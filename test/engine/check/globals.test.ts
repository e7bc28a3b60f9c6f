/** The declarations of the check against the engine itself: what a guest has is known, what it has not is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newExecutionId } from '../../../src/core/ids.ts';
import { ABSENT_GLOBALS } from '../../../src/engine/check/absent-globals.ts';
import { DEFAULT_LIMITS } from '../../../src/sandbox/limits.ts';
import type { QuickJsBackend } from '../../../src/sandbox/quickjs/backend.ts';
import { startRealBackend } from '../real-backend.ts';
import { check, GRANTS } from './harness.ts';

/** Names of globals, and of the functions on them and on their prototypes. */
const LIST_MEMBERS = `(async function () {
  const found = [];
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    found.push(name);
    const value = globalThis[name];
    if (['tools', 'params', 'globalThis'].includes(name) || value === null || !['object', 'function'].includes(typeof value)) continue;
    const add = (owner, path) => {
      for (const key of Object.getOwnPropertyNames(owner)) {
        const { value } = Object.getOwnPropertyDescriptor(owner, key);
        if (typeof value === 'function' && key !== 'constructor' && key !== 'prototype') found.push(path + '.' + key);
      }
    };
    add(value, name);
    if (typeof value === 'function' && value.prototype) add(value.prototype, name + '.prototype');
  }
  return found;
})`;

let backend: QuickJsBackend;
let members: string[];

beforeAll(async () => {
  backend = startRealBackend();
  const end = await backend.run({
    executionId: newExecutionId(),
    tenant: 'test',
    source: LIST_MEMBERS,
    paramsText: '{}',
    grants: GRANTS,
    limits: DEFAULT_LIMITS,
    seed: [1, 2, 3, 4],
    signal: new AbortController().signal,
    hostCall: async () => ({ ok: true, text: 'null' }),
    onLog: () => {},
  });
  members = JSON.parse(end.valueText ?? '[]') as string[];
});
afterAll(() => backend.close());

describe('the declarations of the language', () => {
  it('know every global of a guest, and every function on it', () => {
    expect(members.length).toBeGreaterThan(400);
    const lines = members.map((name) => (name.includes('.') ? `${name}();` : `void ${name};`));
    const complaints: string[] = [];
    // Twenty findings are kept of one program, so that is how many names are asked for at once.
    for (let at = 0; at < lines.length; at += 20) {
      complaints.push(...check(lines.slice(at, at + 20).join('\n')).map(({ message }) => message));
    }
    expect(complaints).toEqual([]);
  });

  it('hold no name that a guest lacks', () => {
    const absent = Object.keys(ABSENT_GLOBALS);
    expect(absent.filter((name) => members.includes(name))).toEqual([]);
    const accepted = absent.filter((name) => check(`return ${name}.x;`).length === 0);
    expect(accepted).toEqual([]);
  });

  it('are held against what a program returns too, which the compiler does not look at by itself', () => {
    for (const value of ['zig', '{ zig }', '[1, zig]', 'new zig()', '1 instanceof zig', '[1].map((x) => zig(x))']) {
      expect(check(`return ${value}`), value).toMatchObject([
        { code: 'global', message: expect.stringContaining('zig') },
      ]);
    }
    expect(check('return { a: typeof zig, b: globalThis.zig }')).toEqual([]);
  });
});
