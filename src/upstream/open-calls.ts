/**
 * The calls of one server that somebody can be asked about, and the server's questions. Both ways of asking end in the same
 * asker: a request of the server beside the call (revisions with `initialize`), and a result that says which input is
 * still missing, after which the call is sent again with it (2026-07-28).
 *
 * Decision to know: while a question is open, the time of every call on this server that belongs to the same client stands
 * still; the server may be waiting for the answer in any of them.
 */
import type { Client } from '@modelcontextprotocol/client';
import { OptimizerError, RPC } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { type Asker, chooseAsker, isQuestion, type Question } from './asker.ts';
import { CallTimer } from './call-timer.ts';
import { ANY_RESULT } from './list-tools.ts';

export interface UpstreamProgress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

export interface AskedCall {
  readonly asker: Asker;
  readonly signal?: AbortSignal;
  /** Until an answer or the next progress, without the time in which somebody is asked. */
  readonly timeoutMs: number;
  /** For messages: `tool "x"`. */
  readonly asked: string;
  onProgress?(progress: UpstreamProgress): void;
}

interface OpenCall {
  readonly asker: Asker;
  readonly timer: CallTimer;
}

/** A server that asks more often than this for one call asks for ever. */
const ROUNDS_MAX = 20;
/** The SDK's own clock knows no pause, so it is set beyond reach; the longest that a timer takes. */
const NEVER_MS = 2 ** 31 - 1;

export class OpenCalls {
  readonly #open = new Set<OpenCall>();

  /** Sends a request that may be asked about; the result is untouched. Rejects as `client.request` does. */
  async send(client: Client, method: string, params: Record<string, unknown>, call: AskedCall): Promise<unknown> {
    const timer = new CallTimer(call.timeoutMs);
    const open = { asker: call.asker, timer };
    const signal = call.signal === undefined ? timer.signal : AbortSignal.any([call.signal, timer.signal]);
    this.#open.add(open);
    try {
      let answered: Record<string, unknown> = {};
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        const result = await client.request({ method, params: { ...params, ...answered } }, ANY_RESULT, {
          timeout: NEVER_MS,
          allowInputRequired: true,
          signal,
          onprogress: (progress) => {
            timer.restart();
            call.onProgress?.(progress);
          },
        });
        const missing = missingInput(result);
        if (missing === undefined) return result;
        const inputResponses = await this.#collect(open, missing.inputRequests, signal);
        const { requestState } = missing;
        answered = { inputResponses, ...(requestState === undefined ? {} : { requestState }) };
      }
      throw new OptimizerError(
        'upstream.protocol',
        `The server asked for input ${ROUNDS_MAX} times for ${call.asked}.`,
      );
    } finally {
      timer.end();
      this.#open.delete(open);
    }
  }

  /** Answers a request of the server. Rejects with a JSON-RPC error as the server is to be told it. */
  async answer(method: string, params: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    if (!isQuestion(method)) throw rpcError(RPC.methodNotFound, 'Method not found');
    const chosen = chooseAsker([...this.#open].map(({ asker }) => asker));
    if (typeof chosen === 'string') throw rpcError(RPC.invalidParams, chosen);
    return await this.#ask(chosen, { method, params }, signal);
  }

  async #collect(open: OpenCall, requests: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    const answers = Object.entries(requests).map(async ([key, request]): Promise<[string, Json]> => {
      const { method, params } = isJsonObject(request) ? request : {};
      if (typeof method !== 'string' || !isQuestion(method)) {
        throw new OptimizerError('upstream.protocol', `The server asked for input that cannot be given: ${key}.`);
      }
      return [key, await this.#ask(open.asker, { method, params: isJsonObject(params) ? params : {} }, signal)];
    });
    return Object.fromEntries(await Promise.all(answers));
  }

  async #ask(asker: Asker, question: Question, signal: AbortSignal): Promise<JsonObject> {
    const held = [...this.#open].filter((open) => open.asker.client === asker.client).map(({ timer }) => timer.hold());
    try {
      return await asker.ask(question, signal);
    } finally {
      for (const release of held) release();
    }
  }
}

function missingInput(result: unknown): { inputRequests: JsonObject; requestState?: Json } | undefined {
  if (!isJsonObject(result) || result.resultType !== 'input_required') return undefined;
  const { inputRequests, requestState } = result;
  return {
    inputRequests: isJsonObject(inputRequests) ? inputRequests : {},
    ...(requestState === undefined ? {} : { requestState }),
  };
}

/** The SDK answers a request with the `code` and `message` of what its handler throws. */
function rpcError(code: number, message: string): Error {
  return Object.assign(new Error(message), { code });
}
