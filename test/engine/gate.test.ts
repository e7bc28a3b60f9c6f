import { describe, expect, it } from 'vitest';
import { OptimizerError } from '../../src/core/errors.ts';
import { newExecutionId } from '../../src/core/ids.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { DEPTH_MAX } from '../../src/engine/depth.ts';
import { Gate, type GateOptions } from '../../src/engine/gate.ts';
import type { RunEvent } from '../../src/engine/request.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import { type HostReply, replyText } from '../../src/sandbox/backend.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { FakeClock, type FakeTool, FakeTools, failedAnswer, toolCall } from './fakes.ts';

interface Scene {
  readonly gate: Gate;
  readonly tools: FakeTools;
  readonly events: RunEvent[];
  readonly clock: FakeClock;
}

function scene(tools: Readonly<Record<string, FakeTool>>, more: Partial<GateOptions> = {}): Scene {
  const fakes = new FakeTools(tools);
  const events: RunEvent[] = [];
  const clock = new FakeClock();
  const gate = new Gate({
    executionId: newExecutionId(),
    readOnly: false,
    grants: ['tools', 'blobs'],
    keepBlob: () => {},
    limits: DEFAULT_LIMITS,
    tools: fakes,
    caller: fakes,
    served: {},
    redactor: createRedactor([]),
    clock,
    log: silentLog,
    onEvent: (event) => events.push(event),
    ...more,
  });
  return { gate, tools: fakes, events, clock };
}

const answerOf = async (reply: Promise<HostReply>): Promise<{ ok: boolean; value: Json }> => {
  const answered = await reply;
  return { ok: answered.ok, value: JSON.parse(replyText(answered)) as Json };
};

function upstream(
  code: 'upstream.timeout' | 'upstream.unavailable' | 'upstream.protocol' | 'upstream.toolError',
  sent: boolean,
) {
  return () => {
    throw new OptimizerError(code, 'the server failed', { data: { sent } });
  };
}

describe('a call through the gate', () => {
  it('answers the data of the tool, or the whole result', async () => {
    const { gate } = scene({ 'a.get': { work: () => ({ n: 1 }) } });
    expect(await answerOf(gate.hostCall(toolCall(1, 'a', 'get')))).toEqual({ ok: true, value: { n: 1 } });
    const raw = await answerOf(gate.hostCall(toolCall(2, 'a', 'get', {}, true)));
    expect(raw).toEqual({ ok: true, value: { content: [], structuredContent: { n: 1 } } });
  });

  it('is in the journal before it leaves and has its time and its answer afterwards', async () => {
    let seen: Json = null;
    const { gate, clock } = scene({
      'a.put': {
        effect: 'write',
        work: () => {
          seen = structuredClone(gate.journal.calls) as unknown as Json;
          clock.pass(7);
          return null;
        },
      },
    });
    await gate.hostCall(toolCall(1, 'a', 'put', { b: 1, a: 2 }));
    expect(seen).toMatchObject([{ seq: 1, tool: 'a.put', status: 'unknown', effect: 'write' }]);
    expect(gate.journal.calls).toMatchObject([{ seq: 1, tool: 'a.put', status: 'ok', ms: 7, effect: 'write' }]);
    expect(gate.journal.calls[0]?.argsHash).toMatch(/^[0-9a-f]{16}$/);
  });

  it('has the same hash for the same arguments in another order', async () => {
    const { gate } = scene({ 'a.get': { work: () => null } });
    await gate.hostCall(toolCall(1, 'a', 'get', { x: 1, y: [2] }));
    await gate.hostCall(toolCall(2, 'a', 'get', { y: [2], x: 1 }));
    await gate.hostCall(toolCall(3, 'a', 'get', { y: [2], x: 2 }));
    const [first, second, third] = gate.journal.calls.map((call) => call.argsHash);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('tells when it is sent, what the server reports, and how it ended', async () => {
    const { gate, events } = scene({
      'a.get': {
        work: (_args, { onProgress }) => {
          onProgress({ progress: 1, total: 2, message: 'half' });
          return null;
        },
      },
    });
    await gate.hostCall(toolCall(1, 'a', 'get'));
    expect(events).toMatchObject([
      { type: 'progress', step: 'call', tool: 'a.get', calls: 1 },
      { type: 'progress', step: 'progress', progress: 1, total: 2, message: 'half' },
      { type: 'progress', step: 'answer', status: 'ok' },
    ]);
  });

  it('fails with the words of the tool, its name and its code', async () => {
    const { gate } = scene({ 'a.get': { work: () => failedAnswer('no such issue') } });
    const reply = await answerOf(gate.hostCall(toolCall(1, 'a', 'get')));
    expect(reply).toMatchObject({
      ok: false,
      value: { code: 'upstream.toolError', kind: 'upstream', tool: 'a.get', message: 'no such issue', issues: [] },
    });
    expect(gate.journal.calls).toMatchObject([{ status: 'error' }]);
    expect(gate.refusalOf(1)).toMatchObject({ code: 'upstream.toolError', message: 'no such issue' });
  });

  it.each<[what: string, work: () => never, status: string, wrote: boolean]>([
    ['sent and not answered in time', upstream('upstream.timeout', true), 'unknown', true],
    ['sent to a server that went away', upstream('upstream.unavailable', true), 'unknown', true],
    ['never sent', upstream('upstream.unavailable', false), 'denied', false],
    ['answered with an error of the protocol', upstream('upstream.toolError', true), 'error', true],
    ['answered with nonsense', upstream('upstream.protocol', true), 'error', true],
  ])('notes what became of a write that was %s', async (_what, work, status, wrote) => {
    const { gate } = scene({ 'a.put': { effect: 'write', work } });
    expect((await gate.hostCall(toolCall(1, 'a', 'put'))).ok).toBe(false);
    expect(gate.journal.calls).toMatchObject([{ status }]);
    expect(gate.journal.wrote).toBe(wrote);
  });

  it('names the tool of a failure on the way, and a correlation id under which the log has the reason', async () => {
    const lines: Json[] = [];
    const log = { ...silentLog, warn: (facts: Json) => lines.push(facts) } as unknown as Log;
    const work = upstream('upstream.unavailable', true);
    const { gate } = scene({ 'a.get': { work } }, { log });
    const { value } = await answerOf(gate.hostCall(toolCall(1, 'a', 'get')));
    const { tool, data } = value as { tool: string; data: JsonObject };
    expect(tool).toBe('a.get');
    expect(data).toEqual({ sent: true, tool: 'a.get', correlationId: expect.stringMatching(/^c_[0-9a-f]{8}$/) });
    expect(lines).toMatchObject([{ correlationId: data['correlationId'], tool: 'a.get' }]);
    expect(gate.refusalOf(1)?.data).toEqual(data);
  });

  it('gives no correlation id to what a tool says of itself', async () => {
    const { gate } = scene({ 'a.get': { work: upstream('upstream.toolError', true) } });
    const { value } = await answerOf(gate.hostCall(toolCall(1, 'a', 'get')));
    expect((value as { data: JsonObject }).data).toEqual({ sent: true, tool: 'a.get' });
  });

  it('advises a retry only while nothing was written', async () => {
    const { gate } = scene({
      'a.down': { work: upstream('upstream.unavailable', false) },
      'a.put': { effect: 'write', work: () => null },
    });
    expect((await answerOf(gate.hostCall(toolCall(1, 'a', 'down')))).value).toMatchObject({ retryable: true });
    await gate.hostCall(toolCall(2, 'a', 'put'));
    expect((await answerOf(gate.hostCall(toolCall(3, 'a', 'down')))).value).toMatchObject({ retryable: false });
  });

  it('tells a fault of ours by a number that stands in the log', async () => {
    const lines: Array<Record<string, unknown>> = [];
    const log: Log = { ...silentLog, error: (fields) => lines.push(fields) };
    const { gate } = scene(
      {
        'a.get': {
          work: () => {
            throw new TypeError('/home/me/secret.ts is broken');
          },
        },
      },
      { log },
    );
    const { value } = await answerOf(gate.hostCall(toolCall(1, 'a', 'get')));
    const [line] = lines;
    expect(line?.['error']).toContain('secret.ts');
    expect(value).toMatchObject({ code: 'internal.error', data: { correlationId: line?.['correlationId'] as string } });
    expect(JSON.stringify(value)).not.toContain('secret.ts');
    expect(gate.journal.calls).toMatchObject([{ status: 'unknown' }]);
  });
});

describe('the gate refuses', () => {
  const writes: Record<string, FakeTool> = {
    'a.get': { required: ['id'], work: () => null },
    'a.put': { effect: 'write', required: ['id'], work: () => null },
  };

  it('a tool that may write in a read-only run, and notes it as denied', async () => {
    const { gate, tools } = scene(writes, { readOnly: true });
    const { ok, value } = await answerOf(gate.hostCall(toolCall(1, 'a', 'put', { id: 1 })));
    expect(ok).toBe(false);
    expect(value).toMatchObject({
      code: 'denied.readOnly',
      tool: 'a.put',
      message: expect.stringContaining('read-only'),
    });
    expect(gate.journal.calls).toMatchObject([{ tool: 'a.put', status: 'denied' }]);
    expect(gate.journal.wrote).toBe(false);
    expect(tools.calls).toEqual([]);
    expect((await gate.hostCall(toolCall(2, 'a', 'get', { id: 1 }))).ok).toBe(true);
  });

  it('arguments that do not fit, with each finding and the signature, before anything leaves', async () => {
    const { gate, tools } = scene(writes);
    const { value } = await answerOf(gate.hostCall(toolCall(1, 'a', 'put', { no: 1 })));
    expect(value).toMatchObject({
      code: 'upstream.arguments',
      message: 'the arguments of `a.put` do not fit: `id`: is required; it was not called',
      issues: ['`id`: is required'],
      hint: 'tools.a.put({id})',
    });
    expect(gate.journal).toMatchObject({ calls: [{ status: 'denied' }], wrote: false });
    expect(tools.calls).toEqual([]);
  });

  it.each<[args: Json, what: string]>([
    [[1], 'an array'],
    [null, 'null'],
    ['text', 'a string'],
  ])('arguments that are no object: %j', async (args, what) => {
    const { gate } = scene(writes);
    const { value } = await answerOf(gate.hostCall(toolCall(1, 'a', 'get', args)));
    expect(value).toMatchObject({
      code: 'upstream.arguments',
      message: expect.stringContaining(`expected one object of named arguments, got ${what}`),
    });
  });

  it('a tool that is not there, with the nearest names and what was asked for', async () => {
    const { gate } = scene(writes);
    const { value } = await answerOf(gate.hostCall(toolCall(1, 'a', 'gett')));
    expect(value).toMatchObject({ code: 'request.tool', tool: 'a.gett', data: { nearest: ['a.get'] } });
    expect(gate.journal.calls).toEqual([]);
  });

  it('more calls than the run may make', async () => {
    const { gate, tools } = scene(writes, { limits: { ...DEFAULT_LIMITS, calls: 2 } });
    const replies = await Promise.all(
      [1, 2, 3].map((call) => answerOf(gate.hostCall(toolCall(call, 'a', 'get', { id: 1 })))),
    );
    expect(replies.map((reply) => reply.ok)).toEqual([true, true, false]);
    expect(replies[2]?.value).toMatchObject({
      code: 'limit.calls',
      tool: 'a.get',
      message: expect.stringContaining('2 calls'),
    });
    expect(tools.calls).toHaveLength(2);
  });

  it('a capability that is not granted, and one that does not exist', async () => {
    const { gate } = scene({}, { grants: ['tools', 'blobs'] });
    const call = { call: 1, functionName: 'now', argumentsText: '[]' };
    expect((await answerOf(gate.hostCall({ ...call, interfaceName: 'clock' }))).value).toMatchObject({
      code: 'denied.capability',
      message: 'the capability `clock` is not granted to this run',
    });
    const load = { call: 2, interfaceName: 'blobs', functionName: 'load', argumentsText: '["h_1"]' };
    expect((await answerOf(gate.hostCall(load))).value).toMatchObject({ message: 'there is no `blobs.load`' });
  });

  it('arguments that break the interface, naming the function and the place but not the value', async () => {
    const { gate } = scene(writes);
    const call = { call: 1, interfaceName: 'tools', functionName: 'call', argumentsText: '["a","get",{},"my secret"]' };
    const { value } = await answerOf(gate.hostCall(call));
    expect(value).toMatchObject({
      code: 'program.error',
      message: expect.stringMatching(/^tools\.call: raw: expected bool/),
    });
    expect(JSON.stringify(value)).not.toContain('my secret');
  });

  it('a call after the end of the run', async () => {
    const { gate, tools } = scene(writes);
    gate.close();
    expect((await answerOf(gate.hostCall(toolCall(1, 'a', 'get', { id: 1 })))).value).toMatchObject({
      code: 'request.cancelled',
      message: 'the run has ended',
    });
    expect(tools.calls).toEqual([]);
  });
});

describe('calls in flight', () => {
  it('wait their turn beyond `callsInFlight`, in order', async () => {
    const inside: number[] = [];
    let most = 0;
    const release: Array<() => void> = [];
    const { gate, tools } = scene(
      {
        'a.get': {
          work: async ({ id }) => {
            inside.push(id as number);
            most = Math.max(most, inside.length);
            await new Promise<void>((resolve) => release.push(resolve));
            inside.splice(inside.indexOf(id as number), 1);
            return null;
          },
        },
      },
      { limits: { ...DEFAULT_LIMITS, callsInFlight: 2 } },
    );
    const replies = [1, 2, 3, 4, 5].map((id) => gate.hostCall(toolCall(id, 'a', 'get', { id })));
    for (let done = 0; done < 5; done++) {
      await expect.poll(() => release.length).toBeGreaterThan(0);
      release.shift()?.();
    }
    expect((await Promise.all(replies)).every((reply) => reply.ok)).toBe(true);
    expect(most).toBe(2);
    expect(tools.calls.map(({ args }) => args['id'])).toEqual([1, 2, 3, 4, 5]);
  });

  it('are told to stop at the end, those that wait never leave, and nothing late is noted', async () => {
    let answer: (value: Json) => void = () => {};
    let aborted = false;
    const { gate, tools, events } = scene(
      {
        'a.put': {
          effect: 'write',
          work: (_args, { signal }) => {
            signal.addEventListener('abort', () => {
              aborted = true;
            });
            return new Promise<Json>((resolve) => {
              answer = resolve;
            });
          },
        },
      },
      { limits: { ...DEFAULT_LIMITS, callsInFlight: 1 } },
    );
    const first = gate.hostCall(toolCall(1, 'a', 'put'));
    const second = gate.hostCall(toolCall(2, 'a', 'put'));
    await expect.poll(() => tools.calls.length).toBe(1);
    gate.close();
    const told = events.length;
    answer({ late: true });
    await Promise.all([first, second]);
    expect(aborted).toBe(true);
    expect(tools.calls).toHaveLength(1);
    expect(gate.journal.calls[0]).toMatchObject({ status: 'unknown' });
    expect(events).toHaveLength(told);
    expect(gate.journal.wrote).toBe(true);
  });

  it('are denied when the end of the run finds them waiting', async () => {
    const { gate } = scene(
      { 'a.put': { effect: 'write', work: () => new Promise<Json>(() => {}) } },
      { limits: { ...DEFAULT_LIMITS, callsInFlight: 1 } },
    );
    void gate.hostCall(toolCall(1, 'a', 'put'));
    void gate.hostCall(toolCall(2, 'a', 'put'));
    await expect.poll(() => gate.journal.calls.length).toBe(2);
    gate.close();
    expect(gate.journal.calls.map((call) => call.status)).toEqual(['unknown', 'denied']);
  });
});

describe('hostile answers', () => {
  const deep = (depth: number): Json => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as Json;

  it.each([DEPTH_MAX + 1, 5_000, 100_000])('nested %i deep are a typed error', async (depth) => {
    const { gate } = scene({ 'a.get': { work: () => deep(depth) } });
    const { ok, value } = await answerOf(gate.hostCall(toolCall(1, 'a', 'get')));
    expect(ok).toBe(false);
    expect(value).toMatchObject({ code: 'limit.toolResult', message: expect.stringContaining(`${DEPTH_MAX} levels`) });
    expect(gate.journal.calls).toMatchObject([{ status: 'ok' }]);
  });

  it('nested as deep as may be pass', async () => {
    const { gate } = scene({ 'a.get': { work: () => deep(DEPTH_MAX) } });
    expect((await gate.hostCall(toolCall(1, 'a', 'get'))).ok).toBe(true);
  });

  it('leave our prototypes alone and keep their keys', async () => {
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const { gate } = scene({ 'a.get': { work: () => JSON.parse(text) as Json } });
    expect(replyText(await gate.hostCall(toolCall(1, 'a', 'get')))).toBe(text);
    expect(({} as JsonObject)['polluted']).toBeUndefined();
  });

  it('with lone surrogates stay valid JSON text', async () => {
    const { gate } = scene({ 'a.get': { work: () => ['\ud800', 'a\udfffb'] } });
    expect(replyText(await gate.hostCall(toolCall(1, 'a', 'get')))).toBe('["\\ud800","a\\udfffb"]');
  });

  it('arguments nested too deeply never leave', async () => {
    const { gate, tools } = scene({ 'a.get': { work: () => null } });
    const { value } = await answerOf(gate.hostCall(toolCall(1, 'a', 'get', { deep: deep(50_000) })));
    expect(value).toMatchObject({ code: 'limit.argument' });
    expect(tools.calls).toEqual([]);
  });
});

describe('secrets', () => {
  const secret = 'sk-live-0123456789';
  const redactor = createRedactor([secret]);
  const texts = async (tool: FakeTool): Promise<string> => {
    const { gate, events } = scene({ 'a.get': tool }, { redactor });
    const text = replyText(await gate.hostCall(toolCall(1, 'a', 'get')));
    const refusal = gate.refusalOf(1);
    return JSON.stringify([text, refusal?.message, refusal?.hint, refusal?.data, events]);
  };

  it.each<[where: string, tool: FakeTool]>([
    ['a result', { work: () => ({ env: { TOKEN: secret, [secret]: [Buffer.from(secret).toString('base64')] } }) }],
    ['the words of a failed tool', { work: () => failedAnswer(`bad token ${secret}`) }],
    [
      'an error of the transport',
      {
        work: () => {
          throw new OptimizerError('upstream.unavailable', `exit: ${secret}`, { hint: secret, data: { said: secret } });
        },
      },
    ],
    [
      'a report of progress',
      {
        work: (_args, { onProgress }) => {
          onProgress({ progress: 1, message: `with ${secret}` });
          return null;
        },
      },
    ],
  ])('do not get from %s into the guest or an event', async (_where, tool) => {
    const seen = await texts(tool);
    expect(redactor.holds(seen)).toBe(false);
    expect(seen).toContain('[redacted]');
  });
});

describe('a large answer', () => {
  const rows = Array.from({ length: 2_000 }, (_, id) => ({ id, name: `row ${id}`, done: id % 2 === 0 }));

  it('is handed over as a value, which the backend brings in as it knows best', async () => {
    const { gate } = scene({ 'a.get': { work: () => rows } });
    expect(await gate.hostCall(toolCall(1, 'a', 'get'))).toEqual({ ok: true, value: rows });
  });

  it('is text while there are secrets to look for, and holds none of them', async () => {
    const secret = 'sk-live-0123456789';
    const { gate } = scene({ 'a.get': { work: () => [...rows, secret] } }, { redactor: createRedactor([secret]) });
    const reply = await gate.hostCall(toolCall(1, 'a', 'get'));
    expect(reply).toHaveProperty('text');
    expect(replyText(reply)).not.toContain(secret);
  });
});
