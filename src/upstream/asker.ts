/**
 * The way back: what a server may ask while it works on a call (a person's answer, a model's completion) and who is asked.
 * A call carries its asker down; the server's question is matched to a call that is under way on its connection.
 *
 * Decision to know: a server of the older revisions does not say for which call it asks. Its question goes to the newest
 * call when all calls under way belong to one client; when they belong to several, nobody is asked, because one client's
 * data must not be shown to another.
 */
import type { JsonObject } from '../core/json.ts';

/** A question as a server sends it. */
export interface Question {
  readonly method: 'elicitation/create' | 'sampling/createMessage';
  readonly params: JsonObject;
}

/** Whoever made a call, as somebody who can be asked about it. */
export interface Asker {
  /** Compared by identity: two calls with the same client may answer for each other. */
  readonly client: object;
  /** Resolves with the client's answer as it is. Rejects when the client cannot be asked, refuses, or `signal` is aborted. */
  ask(question: Question, signal: AbortSignal): Promise<JsonObject>;
}

/** What we tell a server that we can be asked: the `capabilities` of a client, or none. */
export type ClientCapabilities = Readonly<Record<string, JsonObject>>;

const ASKABLE: readonly string[] = ['elicitation/create', 'sampling/createMessage'];

export function isQuestion(method: string): method is Question['method'] {
  return ASKABLE.includes(method);
}

/** Who is asked, of the calls under way, oldest first; or the words of the refusal. */
export function chooseAsker(underWay: readonly Asker[]): Asker | string {
  const newest = underWay.at(-1);
  if (newest === undefined) return 'No call is under way that the question could belong to.';
  if (underWay.some(({ client }) => client !== newest.client)) {
    return 'Calls of several clients are under way, and the question does not say to which it belongs.';
  }
  return newest;
}
