import { Validator } from '@cfworker/json-schema';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { METHOD_SCHEMAS, NOTIFICATION_SCHEMAS, protocolSchema } from '../../src/protocol/schema.ts';
import { outcome } from './fake-engine.ts';
import { type Message, Pipe } from './pipe-harness.ts';

const document = protocolSchema();

function misfits(schema: JsonObject, value: unknown): string[] {
  const whole = JSON.parse(JSON.stringify({ $defs: document.$defs, ...schema }));
  return new Validator(whole, '2020-12')
    .validate(value)
    .errors.map((error) => `${error.instanceLocation} ${error.error}`);
}

describe('the published schemas', () => {
  it('describe what is on the wire: results, errors and notifications', async () => {
    const pipe = new Pipe();
    const traffic: Array<[keyof typeof METHOD_SCHEMAS, object]> = [
      ['optimizer/execute', { code: 'x' }],
      ['optimizer/execute', { code: 'fail' }],
      ['optimizer/execute', { code: 'image' }],
      ['optimizer/execute', { code: 'events', events: true, _meta: { progressToken: 7 } }],
      ['optimizer/search', { query: 'sum' }],
      ['optimizer/describe', { server: 'alpha', tool: 'get-sum' }],
      ['optimizer/servers', {}],
      ['optimizer/health', {}],
      ['optimizer/stats', {}],
      ['optimizer/execute', { code: 'throw' }],
      ['optimizer/execute', { code: 'refuse' }],
      ['optimizer/shutdown', {}],
    ];
    let results = 0;
    for (const [index, [method, params]] of traffic.entries()) {
      const answer = await pipe.ask(index, method, params);
      const { result, error } = answer;
      if (error !== undefined) expect([method, misfits(document.error as JsonObject, error)]).toEqual([method, []]);
      else expect([method, misfits(METHOD_SCHEMAS[method].result, result)]).toEqual([method, []]);
      results += error === undefined ? 1 : 0;
    }
    await pipe.done;
    const notes: Message[] = pipe.messages.filter((message) => 'method' in message);
    for (const note of notes) expect(misfits(NOTIFICATION_SCHEMAS[note.method] as JsonObject, note.params)).toEqual([]);
    expect([results, notes.length]).toEqual([10, 9]);
  });

  it('refuse a result with a field of the wrong type', () => {
    const { result } = METHOD_SCHEMAS['optimizer/execute'];
    expect(misfits(result, outcome({ value: 1 }))).toEqual([]);
    expect(misfits(result, { ...outcome(), status: 'done' })).not.toEqual([]);
    expect(misfits(result, { ...outcome(), calls: [{ seq: 1 }] })).not.toEqual([]);
  });

  it('are one JSON document that names every method', () => {
    const text = JSON.parse(JSON.stringify(document));
    const methods = ['execute', 'executeIntent', 'executeBatch', 'search', 'describe', 'servers', 'manifest'];
    const nouns = { intents: ['list', 'save', 'delete'], sessions: ['list', 'get', 'delete'] };
    const context = ['get', 'set', 'delete', 'list', 'clear'].map((verb) => `context.${verb}`);
    const ofNouns = Object.entries(nouns).flatMap(([noun, verbs]) => verbs.map((verb) => `${noun}.${verb}`));
    const names = [...methods, ...ofNouns, ...context, 'health', 'stats', 'shutdown'];
    expect(Object.keys(text.methods).sort()).toEqual(names.map((name) => `optimizer/${name}`).sort());
  });
});
