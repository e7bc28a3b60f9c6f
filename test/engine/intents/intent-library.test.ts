import { afterEach, describe, expect, it } from 'vitest';
import type { Checker } from '../../../src/engine/check/finding.ts';
import { ended, FakeBackend } from '../fake-backend.ts';
import { FakeTools } from '../fakes.ts';
import { type IntentWorld, intentText, intentWorld, objectOf, type WorldOptions } from './world.ts';

const worlds: IntentWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});

function open(options: WorldOptions = {}): IntentWorld {
  const world = intentWorld(new FakeBackend(() => ended()), new FakeTools({}), options);
  worlds.push(world);
  return world;
}

const namesOf = async ({ library }: IntentWorld, tenant = 'a'): Promise<string[]> =>
  (await library.list(tenant)).map(({ name }) => name);

describe('the folder', () => {
  it('gives its intents to every tenant, and a changed file counts without a restart', async () => {
    const world = open();
    world.write('one.ts', intentText('one', 'return 1'));
    expect(await namesOf(world, 'a')).toEqual(['one']);
    expect(await namesOf(world, 'b')).toEqual(['one']);
    world.write('one.ts', intentText('uno', 'return 1'));
    world.write('two.js', intentText('two', 'return 2'));
    expect(await namesOf(world)).toEqual(['uno', 'two']);
  });

  it('names what it cannot use and goes on', async () => {
    const world = open();
    world.write('a.ts', 'this is no program');
    world.write('b.ts', 'return 1');
    world.write('c.ts', `export const intent = { name: 'c' }; export default () => 1;`);
    world.write('d.ts', intentText('d', 'return 1'));
    world.write('e.ts', intentText('d', 'return 2'));
    world.write('f.d.ts', 'declare const x: number;');
    expect(await namesOf(world)).toEqual(['d']);
    const problems = await world.library.problems();
    expect(problems.map(({ file }) => file)).toEqual(['a.ts', 'b.ts', 'c.ts', 'e.ts']);
    expect(problems[2]?.message).toContain('`intent.description`');
    expect(problems[3]?.message).toContain('another file has the name `d`');
  });

  it('keeps the compiled program while a file stays as it is', async () => {
    const world = open();
    world.write('one.ts', intentText('one', 'return 1'));
    const before = await world.library.require('a', 'one');
    world.clock.pass(10_000);
    expect(await world.library.require('a', 'one')).toBe(before);
  });
});

describe('saving', () => {
  it('keeps a program for its tenant alone', async () => {
    const world = open();
    expect(await world.library.save('a', { name: 'mine', code: 'return params.n' })).toEqual({ name: 'mine' });
    expect(await namesOf(world, 'a')).toEqual(['mine']);
    expect(await namesOf(world, 'b')).toEqual([]);
    await expect(world.library.require('b', 'mine')).rejects.toMatchObject({ code: 'request.intent' });
    expect(await world.library.require('a', 'mine')).toMatchObject({
      source: 'saved',
      effect: 'write',
      description: 'Mine.',
    });
  });

  it('takes what the text says of itself, and the request before it', async () => {
    const world = open();
    const params = objectOf({ n: 'integer' });
    await world.library.save('a', {
      name: 'mine',
      code: intentText('other', 'return 1', { params, effect: 'read', aliases: ['x'] }),
      description: 'Counts.',
    });
    expect(await world.library.require('a', 'x')).toMatchObject({
      name: 'mine',
      description: 'Counts.',
      params,
      effect: 'read',
    });
  });

  it('replaces an intent of the same name, also for another process', async () => {
    const world = open();
    const other = open({ store: world.store });
    await world.library.save('a', { name: 'mine', code: 'return 1' });
    expect((await other.library.require('a', 'mine')).code).toBe('return 1');
    await world.library.save('a', { name: 'mine', code: 'return 2' });
    expect((await other.library.require('a', 'mine')).code).toBe('return 2');
  });

  it.each([
    ['neither code nor run', {}, 'expected either `code` or `executionId`'],
    ['both', { code: 'return 1', executionId: 'ex_1' }, 'expected either `code` or `executionId`'],
    ['a bad name', { name: 'a b', code: 'return 1' }, '`params.name`'],
    ['a schema of no object', { code: 'return 1', params: { n: 1 } }, '`params.params`'],
  ])('refuses %s', async (_, more, message) => {
    const world = open();
    const work = world.library.save('a', { name: 'mine', ...more });
    await expect(work).rejects.toMatchObject({ code: 'request.params' });
    await expect(work).rejects.toThrow(message);
  });

  it('refuses a program that does not parse, or that the check refuses', async () => {
    const finding = { severity: 'error', code: 'tool', line: 1, column: 1, message: 'there is no tool `x`' } as const;
    const checker: Checker = { check: async () => ({ checked: true, findings: [finding] }) };
    await expect(open().library.save('a', { name: 'x', code: 'return (' })).rejects.toMatchObject({
      code: 'program.syntax',
    });
    const world = open({ checker });
    await expect(world.library.save('a', { name: 'x', code: 'return 1' })).rejects.toMatchObject({
      code: 'check.types',
    });
    expect(await namesOf(world)).toEqual([]);
  });

  it('refuses a secret of the config inside the program', async () => {
    const work = open({ secrets: ['hunter2hunter2'] }).library.save('a', {
      name: 'x',
      code: 'return "hunter2hunter2"',
    });
    await expect(work).rejects.toThrow('holds a secret');
  });

  it('stops at `savedIntents` of a tenant', async () => {
    const world = open({ savedIntents: 2 });
    for (const name of ['a', 'b']) await world.library.save('t', { name, code: 'return 1' });
    await expect(world.library.save('t', { name: 'c', code: 'return 1' })).rejects.toMatchObject({
      code: 'limit.intents',
    });
    await world.library.save('t', { name: 'b', code: 'return 2' });
    await world.library.save('u', { name: 'c', code: 'return 1' });
  });

  it('does not save over a name of the folder, and does not delete it', async () => {
    const world = open();
    world.write('one.ts', intentText('one', 'return 1'));
    await expect(world.library.save('a', { name: 'one', code: 'return 2' })).rejects.toThrow('folder');
    await expect(world.library.delete('a', 'one')).rejects.toThrow('is a file of the folder');
  });
});

describe('deleting', () => {
  it('forgets a saved intent, once', async () => {
    const world = open();
    await world.library.save('a', { name: 'mine', code: 'return 1' });
    expect(await world.library.delete('a', 'mine')).toEqual({ name: 'mine' });
    await expect(world.library.delete('a', 'mine')).rejects.toMatchObject({ code: 'request.intent' });
    await expect(world.library.require('a', 'mine')).rejects.toMatchObject({ code: 'request.intent' });
  });

  it('does not reach another tenant', async () => {
    const world = open();
    await world.library.save('a', { name: 'mine', code: 'return 1' });
    await expect(world.library.delete('b', 'mine')).rejects.toMatchObject({ code: 'request.intent' });
    expect(await namesOf(world, 'a')).toEqual(['mine']);
  });
});

describe('an unknown name', () => {
  it('is told with the nearest ones', async () => {
    const world = open();
    world.write('one.ts', intentText('list_errors', 'return 1'));
    await expect(world.library.require('a', 'list_erors')).rejects.toMatchObject({
      code: 'request.intent',
      data: { asked: 'list_erors', nearest: ['list_errors'] },
    });
    await expect(open().library.require('a', 'x')).rejects.toThrow('there are no intents');
  });
});
