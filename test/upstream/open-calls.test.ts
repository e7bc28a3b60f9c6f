import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { type Asker, chooseAsker, type Question } from '../../src/upstream/asker.ts';
import { CallTimer } from '../../src/upstream/call-timer.ts';
import { OpenCalls } from '../../src/upstream/open-calls.ts';

function askerOf(client: object, answer: (question: Question) => Promise<JsonObject> | JsonObject): Asker {
  return { client, ask: async (question) => answer(question) };
}

/** A client of the SDK, as far as a call needs one. */
function clientThat(answer: (params: Record<string, unknown>, options: { signal: AbortSignal }) => Promise<unknown>) {
  const sent: Array<Record<string, unknown>> = [];
  const request = async (
    message: { params: Record<string, unknown> },
    _schema: unknown,
    options: { signal: AbortSignal },
  ) => {
    sent.push(message.params);
    return await answer(message.params, options);
  };
  return { client: { request } as never, sent };
}

const never = new AbortController().signal;
const CALL = { timeoutMs: 1_000, asked: 'tool "x"' };

describe('a question of a server', () => {
  it('goes to the newest of several calls of one client', () => {
    const client = {};
    const [first, second] = [askerOf(client, () => ({})), askerOf(client, () => ({}))];
    expect(chooseAsker([first, second])).toBe(second);
  });

  it('goes to nobody without a call, or when calls of several clients are under way', () => {
    expect(chooseAsker([])).toMatch(/^No call is under way/);
    expect(chooseAsker([askerOf({}, () => ({})), askerOf({}, () => ({}))])).toMatch(/^Calls of several clients/);
  });

  it('beside a call is answered by its asker, and refused before and after the call', async () => {
    const calls = new OpenCalls();
    const question = { message: 'who?' };
    const asked: Question[] = [];
    const { client } = clientThat(async () => calls.answer('elicitation/create', question, never));
    const asker = askerOf({}, (it) => {
      asked.push(it);
      return { action: 'accept' };
    });
    expect(await calls.send(client, 'tools/call', { name: 'x' }, { ...CALL, asker })).toEqual({ action: 'accept' });
    expect(asked).toEqual([{ method: 'elicitation/create', params: question }]);
    await expect(calls.answer('elicitation/create', question, never)).rejects.toMatchObject({ code: -32602 });
  });

  it('of another kind is an unknown method', async () => {
    await expect(new OpenCalls().answer('roots/list', {}, never)).rejects.toMatchObject({ code: -32601 });
  });

  it('in a result is answered by sending the call again with the answers and the state', async () => {
    const inputRequests = { who: { method: 'elicitation/create', params: { message: 'who?' } } };
    const { client, sent } = clientThat(async (params) =>
      params.inputResponses === undefined
        ? { resultType: 'input_required', inputRequests, requestState: 's1' }
        : { content: [] },
    );
    const asker = askerOf({}, () => ({ action: 'accept', content: { name: 'Ada' } }));
    expect(await new OpenCalls().send(client, 'tools/call', { name: 'x' }, { ...CALL, asker })).toEqual({
      content: [],
    });
    expect(sent[1]).toEqual({
      name: 'x',
      inputResponses: { who: { action: 'accept', content: { name: 'Ada' } } },
      requestState: 's1',
    });
  });

  it('in a result is given up when it comes without end, or is of a kind that nobody can answer', async () => {
    const asker = askerOf({}, () => ({}));
    const endless = clientThat(async () => ({ resultType: 'input_required', inputRequests: {}, requestState: 's' }));
    const call = new OpenCalls().send(endless.client, 'tools/call', {}, { ...CALL, asker });
    await expect(call).rejects.toMatchObject({ code: 'upstream.protocol' });
    expect(endless.sent).toHaveLength(20);
    const roots = clientThat(async () => ({
      resultType: 'input_required',
      inputRequests: { r: { method: 'roots/list' } },
    }));
    const other = new OpenCalls().send(roots.client, 'tools/call', {}, { ...CALL, asker });
    await expect(other).rejects.toMatchObject({ code: 'upstream.protocol' });
  });
});

describe('the time of a call', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    return () => void vi.useRealTimers();
  });

  it('ends it, is started anew by progress, and stands still while somebody is asked', () => {
    const timer = new CallTimer(100);
    vi.advanceTimersByTime(90);
    timer.restart();
    vi.advanceTimersByTime(90);
    expect(timer.signal.aborted).toBe(false);
    const [first, second] = [timer.hold(), timer.hold()];
    vi.advanceTimersByTime(1_000_000);
    first();
    first();
    vi.advanceTimersByTime(1_000_000);
    expect(timer.signal.aborted).toBe(false);
    second();
    vi.advanceTimersByTime(99);
    expect(timer.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(timer.signal.aborted).toBe(true);
  });

  it('of every call of a client stands still while that client is asked', async () => {
    const calls = new OpenCalls();
    const client = {};
    let answer: (given: JsonObject) => void = () => {};
    const asked = new Promise<JsonObject>((resolve) => {
      answer = resolve;
    });
    const asker = askerOf(client, () => asked);
    let finish: (value: unknown) => void = () => {};
    const slow = clientThat(
      (_params, { signal }) =>
        new Promise((resolve, reject) => {
          finish = resolve;
          signal.addEventListener('abort', () => reject(new Error('over')));
        }),
    );
    const call = calls.send(slow.client, 'tools/call', {}, { ...CALL, asker });
    const question = calls.answer('elicitation/create', {}, never);
    await vi.advanceTimersByTimeAsync(3_600_000);
    answer({ action: 'decline' });
    expect(await question).toEqual({ action: 'decline' });
    finish('done');
    expect(await call).toBe('done');
  });
});
