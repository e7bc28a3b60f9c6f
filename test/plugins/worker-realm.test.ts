/**
 * The realm of a plugin's worker, seen by glue code that a component never gets to write: should the checks before it
 * fail, this is what it would find.
 */
import { describe, expect, it } from 'vitest';
import { spawnPluginWorker } from '../../src/app/plugin-threads.ts';
import type { FromPlugin } from '../../src/plugins/messages.ts';

/** Runs `body` as glue code and answers what its `report` was called with. */
async function inWorker(body: string): Promise<unknown> {
  const glue = `"use strict";
    return async (getCoreModule, imports) => {
      const report = async () => { ${body} };
      let text;
      try { text = JSON.stringify(await report()) ?? 'undefined'; } catch (error) { text = JSON.stringify('threw ' + error.name); }
      return {
        listTools: async () => [{ name: text, description: '', inputSchema: '', outputSchema: undefined, readOnly: true }],
      };
    };`;
  const worker = spawnPluginWorker({
    output: { glue, modules: [], imports: [] },
    memoryBytes: 1024 * 1024,
    resultChars: 1000,
  });
  try {
    const answer = new Promise<string>((resolve, reject) => {
      worker.on('message', (message: FromPlugin) => {
        if (message.kind === 'tools') resolve(message.tools[0]?.name ?? '');
        else if (message.kind !== 'ready') reject(new Error(JSON.stringify(message)));
      });
      worker.on('error', reject);
    });
    worker.postMessage({ kind: 'list', id: 1 });
    const text = await answer;
    return text === 'undefined' ? undefined : JSON.parse(text);
  } finally {
    await worker.terminate();
  }
}

describe('the realm of a plugin', () => {
  it('has these globals and no others', async () => {
    const names = (await inWorker('return Reflect.ownKeys(globalThis).map(String).sort();')) as string[];
    const kept = names.filter((name) => !/^[A-Z]/.test(name));
    expect(kept).toEqual([
      ...[
        'clearInterval',
        'clearTimeout',
        'console',
        'crypto',
        'globalThis',
        'isFinite',
        'isNaN',
        'parseFloat',
        'parseInt',
      ],
      ...['performance', 'queueMicrotask', 'setInterval', 'setTimeout', 'undefined'],
    ]);
    for (const name of [
      'SharedArrayBuffer',
      'Worker',
      'WebSocket',
      'MessageChannel',
      'BroadcastChannel',
      'EventSource',
    ]) {
      expect(names).not.toContain(name);
    }
  });

  it.each([
    ['process', 'return typeof process;'],
    ['require', 'return typeof require;'],
    ['fetch', 'return typeof fetch;'],
    ['Buffer', 'return typeof Buffer;'],
    ['process through a function of the realm', 'return setTimeout.constructor("return typeof process")();'],
    [
      'process through an import of ours',
      'return imports["wasi:cli/exit"].exit.constructor("return typeof process")();',
    ],
    ['require through a function of the realm', 'return queueMicrotask.constructor("return typeof require")();'],
    ['Node’s modules through the main module', 'return typeof globalThis.module;'],
  ])('has no %s', async (_what, body) => {
    expect(await inWorker(body)).toBe('undefined');
  });

  it.each([
    ['the script', 'return await import("node:fs");'],
    ['a function made from text', 'return await Function("return import(\'node:fs\')")();'],
    ['indirect eval', 'return await (0, Function)("return (0, eval)(\'import(\\"node:fs\\")\')")();'],
  ])('imports no module from %s', async (_what, body) => {
    expect(await inWorker(body)).toMatch(/^threw /);
  });

  it('ends with its worker when something in it fails that nobody waits for', async () => {
    const work = inWorker('setTimeout(() => { throw new Error("late"); }, 0); await new Promise(() => {}); return 1;');
    await expect(work).rejects.toThrow('late');
  });

  it('has a console that says nothing', async () => {
    expect(await inWorker('console.log("to stdout"); console.error("to stderr"); return 1;')).toBe(1);
  });
});
