/** The checker's thread: the real one from the asset, and small scripts in the place of one that hangs or dies. */
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { spawnCheckWorker } from '../../../src/app/checker.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { CheckThread, type CheckThreadOptions, type CheckWorker } from '../../../src/engine/check/check-thread.ts';
import { requestFor } from './harness.ts';

let thread: CheckThread;
const lost: string[] = [];

afterEach(async () => {
  await thread.close();
  lost.length = 0;
});

function open(options: Partial<CheckThreadOptions>): CheckThread {
  thread = new CheckThread({
    spawn: spawnCheckWorker,
    clock: systemClock,
    startWaitMs: 20_000,
    deadlineMs: 20_000,
    idleMs: 60_000,
    onLost: (reason) => lost.push(reason),
    ...options,
  });
  return thread;
}

/** A thread that says it is ready and then does as `onRequest` says. */
function scripted(onRequest: string): () => CheckWorker {
  const script = `const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (request) => { ${onRequest} });
    parentPort.postMessage({ kind: 'ready' });`;
  return () => new Worker(script, { eval: true }) as unknown as CheckWorker;
}

const ECHO = "parentPort.postMessage({ kind: 'findings', id: request.id, findings: [{ message: request.text }] })";
const { id: _, ...mistaken } = requestFor("return tools.filesystem.readTextFile({ file: 'a', path: 'b' });");

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('the real thread', () => {
  it('answers as the rules do here, one request after the other', async () => {
    const { check } = open({});
    const asked = [1, 2, 3].map(() => check.call(thread, mistaken));
    for (const answer of await Promise.all(asked)) {
      expect(answer.findings?.map(({ code, column }) => `${code} ${column}`)).toEqual(['argument 40']);
    }
    expect(thread.state).toBe('idle');
  });

  it('reports a text that it cannot read and goes on', async () => {
    open({});
    expect(await thread.check({ ...mistaken, text: 'return ((' })).toEqual({
      findings: undefined,
      reason: 'the checker failed: the compiler cannot read the program',
    });
    expect((await thread.check(mistaken)).findings).toHaveLength(1);
  });
});

describe('a thread', () => {
  it('is started by the first need and not before', async () => {
    open({ spawn: scripted(ECHO) });
    expect(thread.state).toBe('none');
    thread.warm();
    expect(thread.state).toBe('starting');
    await until(() => thread.state === 'idle');
  });

  it('is ended when it hangs, and the next check has a new one', async () => {
    open({ spawn: scripted(`if (request.text === 'hang') for (;;); ${ECHO}`), deadlineMs: 300 });
    expect((await thread.check({ ...mistaken, text: 'first' })).findings).toHaveLength(1);
    expect(await thread.check({ ...mistaken, text: 'hang' })).toEqual({
      findings: undefined,
      reason: 'the check took longer than 0.3 s',
    });
    expect(thread.state).toBe('none');
    expect(lost).toEqual(['a check took longer than 0.3 s']);
    thread.warm();
    await until(() => thread.state === 'idle');
    expect((await thread.check({ ...mistaken, text: 'again' })).findings).toHaveLength(1);
  });

  it('that dies leaves its check without findings, and is replaced', async () => {
    open({ spawn: scripted(`if (request.text === 'die') process.exit(7); ${ECHO}`) });
    const dying = thread.check({ ...mistaken, text: 'die' });
    expect(await dying).toEqual({
      findings: undefined,
      reason: "the checker was lost: the checker's thread ended with 7",
    });
    expect((await thread.check({ ...mistaken, text: 'next' })).findings).toHaveLength(1);
  });

  it('that never starts is not tried for ever', async () => {
    let starts = 0;
    open({
      spawn: () => {
        starts += 1;
        return new Worker('process.exit(1)', { eval: true }) as unknown as CheckWorker;
      },
    });
    for (let round = 0; round < 5; round++) expect((await thread.check(mistaken)).findings).toBeUndefined();
    expect(starts).toBe(3);
    expect(await thread.check(mistaken)).toEqual({ findings: undefined, reason: 'the checker cannot start' });
  });

  it('that is slow to start keeps nobody for long, and goes on starting', async () => {
    const slow = `const { parentPort } = require('node:worker_threads');
      parentPort.on('message', (request) => { ${ECHO} });
      setTimeout(() => parentPort.postMessage({ kind: 'ready' }), 400);`;
    open({ spawn: () => new Worker(slow, { eval: true }) as unknown as CheckWorker, startWaitMs: 100 });
    expect(await thread.check(mistaken)).toEqual({ findings: undefined });
    expect(thread.state).toBe('starting');
    await until(() => thread.state === 'idle');
    expect(lost).toEqual([]);
  });

  it('is let go when nobody uses it', async () => {
    open({ spawn: scripted(ECHO), idleMs: 30 });
    await thread.check(mistaken);
    await until(() => thread.state === 'none');
    expect(lost).toEqual([]);
    expect((await thread.check(mistaken)).findings).toHaveLength(1);
  });

  it('ends its checks when it is closed', async () => {
    open({ spawn: scripted('') });
    const asked = [thread.check(mistaken), thread.check(mistaken)];
    await thread.close();
    for (const answer of await Promise.all(asked)) expect(answer.findings).toBeUndefined();
    expect(thread.state).toBe('none');
    expect(await thread.check(mistaken)).toEqual({ findings: undefined, reason: 'the checker cannot start' });
  });
});
