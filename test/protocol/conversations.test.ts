/** Calls during which their client is asked, through the pipe: raw lines in both eras, so that nothing is answered for us. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import type { DirectContext } from '../../src/engine/direct-calls.ts';
import type { Question } from '../../src/upstream/asker.ts';
import { FakeUpstreams } from './fake-upstreams.ts';
import { type Message, Pipe } from './pipe-harness.ts';

const never = new AbortController().signal;
const WHO: Question = { method: 'elicitation/create', params: { message: 'who?' } };
const WHY: Question = { method: 'elicitation/create', params: { message: 'why?' } };

/** A server whose tools ask; what it was told stands in the result. */
function asking(): FakeUpstreams {
  const ask = async (context: DirectContext, question: Question): Promise<JsonObject | string> =>
    (await context.asker?.ask(question, never).catch((error: Error) => error.message)) ?? 'no asker';
  return new FakeUpstreams({
    a: {
      tools: ['once', 'twice', 'both', 'sample'],
      async call({ tool }, context) {
        const one = async () => ask(context, WHO);
        if (tool === 'sample') return { told: await ask(context, { method: 'sampling/createMessage', params: {} }) };
        if (tool === 'once') return { told: await one() };
        if (tool === 'twice') return { told: [await one(), await ask(context, WHY)] };
        return { told: await Promise.all([one(), ask(context, WHY)]) };
      },
    },
  });
}

const face = { mode: 'direct', hotSet: [], readOnly: false } as const;
const ELICITATION = { elicitation: { form: {} } };

class Modern {
  readonly pipe = new Pipe({ upstreams: asking(), face });
  readonly #capabilities: object;

  constructor(capabilities: object = ELICITATION) {
    this.#capabilities = capabilities;
  }

  async call(id: number, tool: string, more: object = {}): Promise<Message> {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': this.#capabilities,
    };
    const answer = await this.pipe.ask(id, 'tools/call', { name: `a__${tool}`, arguments: {}, ...more, _meta });
    return answer.result ?? answer.error;
  }
}

const accepted = (name: string): JsonObject => ({ action: 'accept', content: { name } });

describe('a client of 2026-07-28', () => {
  it('is answered with the question, and the call goes on when it comes back with the answer', async () => {
    const client = new Modern();
    const first = await client.call(1, 'twice');
    expect(first).toMatchObject({
      resultType: 'input_required',
      requestState: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(first.inputRequests).toEqual({ q1: WHO });
    const second = await client.call(2, 'twice', {
      requestState: first.requestState,
      inputResponses: { q1: accepted('Ada') },
    });
    expect(second.inputRequests).toEqual({ q2: WHY });
    expect(second.requestState).not.toBe(first.requestState);
    const done = await client.call(3, 'twice', {
      requestState: second.requestState,
      inputResponses: { q2: { action: 'decline' } },
    });
    expect(done.told).toEqual([accepted('Ada'), { action: 'decline' }]);
    await client.pipe.end();
  });

  it('may answer two questions one after the other', async () => {
    const client = new Modern();
    const first = await client.call(1, 'both');
    expect(first.inputRequests).toEqual({ q1: WHO, q2: WHY });
    const second = await client.call(2, 'both', {
      requestState: first.requestState,
      inputResponses: { q2: accepted('so'), q9: accepted('nobody asked') },
    });
    expect(second.inputRequests).toEqual({ q1: WHO });
    const done = await client.call(3, 'both', {
      requestState: second.requestState,
      inputResponses: { q1: accepted('Ada') },
    });
    expect(done.told).toEqual([accepted('Ada'), accepted('so')]);
    await client.pipe.end();
  });

  it('is refused a state that is made up, used, or of another call', async () => {
    const client = new Modern();
    const { requestState } = await client.call(1, 'once');
    const inputResponses = { q1: accepted('Ada') };
    for (const [id, tool, state] of [
      [2, 'once', 'made up'],
      [3, 'twice', requestState],
    ] as const) {
      expect((await client.call(id, tool, { requestState: state, inputResponses })).code).toBe(-32602);
    }
    expect((await client.call(4, 'once', { requestState, inputResponses })).told).toEqual(accepted('Ada'));
    expect((await client.call(5, 'once', { requestState, inputResponses })).code).toBe(-32602);
    await client.pipe.end();
  });

  it('that cannot be asked makes the server hear so', async () => {
    const client = new Modern({});
    expect((await client.call(1, 'once')).told).toMatch(/does not support elicitation/);
    expect((await client.call(2, 'sample')).told).toMatch(/does not support sampling/);
    await client.pipe.end();
  });

  it('that goes away leaves no call behind', async () => {
    const client = new Modern();
    await client.call(1, 'once');
    await client.pipe.end();
    expect(client.pipe.messages).toHaveLength(1);
  });
});

describe('a client of initialize', () => {
  async function greeted(capabilities: object): Promise<Pipe> {
    const pipe = new Pipe({ upstreams: asking(), face });
    const clientInfo = { name: 'raw', version: '1' };
    await pipe.ask('hello', 'initialize', { protocolVersion: '2025-11-25', capabilities, clientInfo });
    pipe.send({ method: 'notifications/initialized' });
    return pipe;
  }

  it('is sent the question beside its call, and its answer goes back', async () => {
    const pipe = await greeted(ELICITATION);
    pipe.send({ id: 1, method: 'tools/call', params: { name: 'a__once', arguments: {} } });
    const question = await pipe.find((message) => message.method === 'elicitation/create');
    expect(question.params).toEqual(WHO.params);
    pipe.send({ id: question.id, result: { ...accepted('Ada'), own: true } });
    expect((await pipe.answer(1)).result).toEqual({ told: { ...accepted('Ada'), own: true } });
    expect(pipe.askable).toEqual([ELICITATION]);
    await pipe.end();
  });

  it('that refuses makes the server hear so in its words', async () => {
    const pipe = await greeted(ELICITATION);
    pipe.send({ id: 1, method: 'tools/call', params: { name: 'a__once', arguments: {} } });
    const question = await pipe.find((message) => message.method === 'elicitation/create');
    pipe.send({ id: question.id, error: { code: -1, message: 'not now' } });
    expect((await pipe.answer(1)).result).toEqual({ told: 'not now' });
    await pipe.end();
  });

  it('that cannot be asked makes the server hear so', async () => {
    const pipe = await greeted({});
    const { result } = await pipe.ask(1, 'tools/call', { name: 'a__once', arguments: {} });
    expect(result.told).toMatch(/does not support elicitation/);
    await pipe.end();
  });
});

describe('what servers say by themselves', () => {
  it('reaches a client in mode direct: changed tools once, messages above its level, updates of what it wants', async () => {
    const upstreams = asking();
    const pipe = new Pipe({ upstreams, face });
    const clientInfo = { name: 'raw', version: '1' };
    await pipe.ask(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    pipe.send({ method: 'notifications/initialized' });
    await pipe.ask(2, 'logging/setLevel', { level: 'warning' });
    for (let time = 0; time < 3; time += 1) upstreams.changeTools();
    upstreams.notify('a', 'notifications/message', { level: 'info', data: 'quiet' });
    upstreams.notify('a', 'notifications/message', { level: 'error', data: 'loud', logger: 'own' });
    upstreams.notify('a', 'notifications/prompts/list_changed', {});
    upstreams.notify('a', 'notifications/of/its/own', {});
    await pipe.find((message) => message.method === 'notifications/tools/list_changed');
    const told = pipe.messages
      .filter(({ method }) => method !== undefined)
      .map(({ method, params }) => [method, params]);
    expect(told).toEqual([
      ['notifications/message', { level: 'error', data: 'loud', logger: 'own' }],
      ['notifications/prompts/list_changed', undefined],
      ['notifications/tools/list_changed', undefined],
    ]);
    await pipe.end();
  });

  it('does not reach one in mode code but for changed lists of resources and prompts', async () => {
    const upstreams = asking();
    const pipe = new Pipe({ upstreams });
    const clientInfo = { name: 'raw', version: '1' };
    await pipe.ask(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    pipe.send({ method: 'notifications/initialized' });
    await pipe.ask(2, 'ping');
    upstreams.changeTools();
    upstreams.notify('a', 'notifications/message', { level: 'error', data: 'loud' });
    upstreams.notify('a', 'notifications/resources/list_changed', {});
    await pipe.ask(3, 'ping');
    await new Promise((resolve) => setTimeout(resolve, 150));
    const told = pipe.messages.flatMap(({ method }) => (method === undefined ? [] : [method]));
    expect(told).toEqual(['notifications/resources/list_changed']);
    await pipe.end();
  });
});
