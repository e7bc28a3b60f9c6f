/** The suite `peers` without the peers: nothing is installed and nothing is measured here. */
import { describe, expect, it } from 'vitest';
import { PEER_NAMES, PEERS, type Peer } from '../../bench/peers/peers.ts';
import { readOptions } from '../../bench/peers/suite.ts';
import { createTools, type Program, WORKLOADS } from '../../bench/peers/workloads.ts';

describe('the table of peers', () => {
  it.each(PEER_NAMES)('has an adapter for %s that loads without its package', async (name) => {
    const { adapter }: Peer = PEERS[name];
    const module = await import(`../../bench/peers/adapters/${adapter}.ts`);
    expect(module.open).toBeTypeOf('function');
  });

  it('is narrowed by --only, and ours stay in it', () => {
    expect(readOptions(['--only=monty', '--rounds=1'])).toMatchObject({ rounds: 1, only: ['ours', 'monty'] });
    expect(() => readOptions(['--only=mnty'])).toThrow('There is no peer mnty.');
    expect(() => readOptions(['--round=1'])).toThrow('There is no option --round.');
  });
});

describe('a workload', () => {
  it.each(Object.entries(WORKLOADS))('%s answers the value that peers are held to', async (_, program: Program) => {
    const AsyncFunction = (async () => {}).constructor as new (
      ...args: string[]
    ) => (tools: unknown) => Promise<unknown>;
    const value = await new AsyncFunction('tools', program.javascript('tools'))(createTools());
    expect(value).toEqual(program.expected?.());
  });
});
