/**
 * Calls during which their client may be asked something. With an older client that is a request of ours beside the call. A
 * client of 2026-07-28 is not sent requests: the call is answered with what is missing, stays here with its work going on,
 * and the client sends it again with the answer.
 *
 *   call ─▶ working ─question─▶ answered `input_required` ─▶ kept ─call again, with its `requestState`─▶ working
 *              └─ done ─▶ answered                             └─ 10 minutes, end of the connection ─▶ given up
 *
 * Decision to know: `requestState` is a random name of what is kept here and means nothing elsewhere, so there is nothing
 * in it to seal. It goes with the call that it was given to and with no other.
 */
import type { ServerContext } from '@modelcontextprotocol/server';
import { randomHex } from '../core/crypto.ts';
import { OptimizerError, RPC } from '../core/errors.ts';
import { isJsonObject, type JsonObject, jsonHash } from '../core/json.ts';
import type { Asker, Question } from '../upstream/asker.ts';
import { ServerError } from '../upstream/server-error.ts';

/** What a call's work is handed. */
export interface Talk {
  readonly asker: Asker;
  /** Aborted when the client cancels, goes away, or does not come back with its answer. */
  readonly signal: AbortSignal;
  /** The request that is answered next: notifications about the call go there. */
  readonly context: () => ServerContext;
}

export type Work = (talk: Talk) => Promise<JsonObject>;

/** A schema that takes every answer: it goes to the server that asked, which knows what it asked for. */
const ANY_ANSWER = {
  '~standard': { version: 1 as const, vendor: 'mcp-optimizer', validate: (value: unknown) => ({ value }) },
};

/** A person may go for a coffee, not for lunch. */
const ANSWER_WAIT_MS = 10 * 60_000;
/** Calls that wait for their client to come back; the oldest is given up for a new one. */
const KEPT_MAX = 256;
const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities';
const NEEDED: Readonly<Record<Question['method'], string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
};

interface OpenQuestion {
  readonly question: Question;
  readonly answer: (answer: JsonObject) => void;
}

/** One call that may be answered several times. */
export interface Conversation {
  readonly key: string;
  readonly result: Promise<JsonObject>;
  readonly open: Map<string, OpenQuestion>;
  readonly abort: AbortController;
  context: ServerContext;
  /** Resolves at the next question. */
  asked: Promise<void>;
  expiry: NodeJS.Timeout | undefined;
}

/** Calls that wait for their client to come back; over HTTP it comes back to another server of the same process. */
export class KeptConversations {
  readonly #kept = new Map<string, Conversation>();

  /** Answers the name under which it is kept. */
  put(conversation: Conversation): string {
    const requestState = randomHex();
    if (this.#kept.size >= KEPT_MAX) this.#giveUp([...this.#kept.keys()][0] as string);
    this.#kept.set(requestState, conversation);
    conversation.expiry = setTimeout(() => this.#giveUp(requestState), ANSWER_WAIT_MS);
    conversation.expiry.unref();
    return requestState;
  }

  /** The conversation, which is kept no longer; undefined when there is none of this name, or it is about something else. */
  take(requestState: unknown, key: string): Conversation | undefined {
    const kept = typeof requestState === 'string' ? this.#kept.get(requestState) : undefined;
    if (typeof requestState !== 'string' || kept?.key !== key) return undefined;
    this.#kept.delete(requestState);
    clearTimeout(kept.expiry);
    return kept;
  }

  giveUpAll(): void {
    for (const requestState of [...this.#kept.keys()]) this.#giveUp(requestState);
  }

  #giveUp(requestState: string): void {
    const kept = this.#kept.get(requestState);
    this.#kept.delete(requestState);
    clearTimeout(kept?.expiry);
    kept?.abort.abort('the client did not come back');
  }
}

export class Conversations {
  /** Who is asked; one for each connection. */
  readonly #client: object;
  readonly #capabilities: () => unknown;
  readonly #stop: AbortSignal;
  readonly #kept: KeptConversations;
  readonly #working = new Set<Talk>();

  /** `capabilities` are those of an older client; a newer one sends them with each request. */
  constructor(client: object, capabilities: () => unknown, kept: KeptConversations, stop: AbortSignal) {
    this.#client = client;
    this.#capabilities = capabilities;
    this.#kept = kept;
    this.#stop = stop;
  }

  /** The request of the newest call that is being worked on. */
  newest(): ServerContext | undefined {
    return [...this.#working].at(-1)?.context();
  }

  /**
   * Answers one request. `asked` is what the client asked for; only the same question goes on with what is kept. Rejects as
   * `work` does, or with -32602 for a `requestState` that is none of ours.
   */
  async hold(context: ServerContext, asked: JsonObject, work: Work): Promise<JsonObject> {
    const { envelope } = context.mcpReq;
    if (envelope === undefined) return await this.#older(context, work);
    const state = context.mcpReq.requestState<unknown>();
    const key = jsonHash(asked);
    const conversation = state === undefined ? this.#begin(context, key, work) : this.#resume(context, key, state);
    return await this.#untilAnswered(conversation);
  }

  async #older(context: ServerContext, work: Work): Promise<JsonObject> {
    const signal = AbortSignal.any([context.mcpReq.signal, this.#stop]);
    const ask = async (question: Question, stop: AbortSignal): Promise<JsonObject> => {
      refuseUnable(question, this.#capabilities());
      const options = { timeout: ANSWER_WAIT_MS, signal: AbortSignal.any([signal, stop]) };
      return (await context.mcpReq.send({ ...question }, ANY_ANSWER, options)) as JsonObject;
    };
    return await this.#work({ asker: { client: this.#client, ask }, signal, context: () => context }, work);
  }

  #begin(context: ServerContext, key: string, work: Work): Conversation {
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, this.#stop]);
    const open = new Map<string, OpenQuestion>();
    let tell = (): void => {};
    let count = 0;
    const ask = (question: Question, stop: AbortSignal): Promise<JsonObject> =>
      new Promise((resolve, reject) => {
        const envelope = conversation.context.mcpReq.envelope as Record<string, unknown> | undefined;
        refuseUnable(question, envelope?.[CAPABILITIES_KEY]);
        count += 1;
        const id = `q${count}`;
        const drop = (): void => {
          open.delete(id);
          reject(new OptimizerError('request.cancelled', 'The question was not answered.'));
        };
        const ended = AbortSignal.any([signal, stop]);
        ended.addEventListener('abort', drop, { once: true });
        const answer = (given: JsonObject): void => {
          ended.removeEventListener('abort', drop);
          open.delete(id);
          resolve(given);
        };
        open.set(id, { question, answer });
        tell();
        conversation.asked = new Promise((next) => {
          tell = next;
        });
      });
    const talk: Talk = { asker: { client: this.#client, ask }, signal, context: () => conversation.context };
    const conversation: Conversation = {
      key,
      open,
      abort,
      context,
      asked: new Promise((next) => {
        tell = next;
      }),
      // In the next turn, when `conversation` is there.
      result: Promise.resolve().then(() => this.#work(talk, work)),
      expiry: undefined,
    };
    conversation.result.catch(() => {});
    return conversation;
  }

  #resume(context: ServerContext, key: string, state: unknown): Conversation {
    const kept = this.#kept.take(state, key);
    if (kept === undefined) {
      throw new ServerError(RPC.invalidParams, 'Invalid or expired requestState', { reason: 'invalid_request_state' });
    }
    kept.context = context;
    for (const [id, answer] of Object.entries(context.mcpReq.inputResponses ?? {})) {
      if (isJsonObject(answer)) kept.open.get(id)?.answer(answer);
    }
    return kept;
  }

  async #untilAnswered(conversation: Conversation): Promise<JsonObject> {
    const { signal } = conversation.context.mcpReq;
    const onCancel = (): void => conversation.abort.abort('the client cancelled');
    if (signal.aborted) onCancel();
    signal.addEventListener('abort', onCancel, { once: true });
    try {
      // An answered question may lead to the next one in the same turn.
      if (conversation.open.size === 0) {
        const { asked, result } = conversation;
        const done = await Promise.race([result, asked.then(() => undefined)]);
        if (done !== undefined) return done;
      }
      return this.#keep(conversation);
    } finally {
      signal.removeEventListener('abort', onCancel);
    }
  }

  #keep(conversation: Conversation): JsonObject {
    const inputRequests = Object.fromEntries(
      [...conversation.open].map(([id, { question }]) => [id, { method: question.method, params: question.params }]),
    );
    return { resultType: 'input_required', inputRequests, requestState: this.#kept.put(conversation) };
  }

  async #work(talk: Talk, work: Work): Promise<JsonObject> {
    this.#working.add(talk);
    try {
      return await work(talk);
    } finally {
      this.#working.delete(talk);
    }
  }
}

function refuseUnable(question: Question, capabilities: unknown): void {
  const needed = NEEDED[question.method];
  if (isJsonObject(capabilities) && capabilities[needed] !== undefined) return;
  throw new ServerError(
    RPC.invalidParams,
    `The client in front of this gateway does not support ${needed}.`,
    undefined,
  );
}
