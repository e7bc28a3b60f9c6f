/**
 * Progress to a client that gave a token: of a run, in our words, or of a server's call, in its own. The token is read at
 * each sending, because a call that was answered with a question goes on under the token of the request that came back.
 */
import type { ServerContext } from '@modelcontextprotocol/server';
import type { CallProgress } from '../engine/ports.ts';
import type { RunEvent } from '../engine/request.ts';
import { progressOf } from './progress.ts';

/** Run events as `notifications/progress`; numbers only grow, nothing follows the answer. */
export class ProgressSender {
  readonly #context: () => ServerContext;
  #progress = 0;
  #ended = false;

  constructor(context: () => ServerContext) {
    this.#context = context;
  }

  tell(event: RunEvent): void {
    const context = this.#context();
    const message = this.#ended || tokenOf(context) === undefined ? undefined : progressOf(event);
    if (message === undefined) return;
    this.#progress += 1;
    send(context, { progress: this.#progress, message });
  }

  end(): void {
    this.#ended = true;
  }
}

/** A server's progress, unchanged. */
export function passProgress(context: () => ServerContext): (progress: CallProgress) => void {
  return (progress) => send(context(), progress);
}

function send(context: ServerContext, progress: CallProgress): void {
  const progressToken = tokenOf(context);
  if (progressToken === undefined) return;
  const params = { ...progress, progressToken };
  // A notification that cannot be sent is no reason to fail the call that it is about.
  context.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
}

function tokenOf(context: ServerContext): string | number | undefined {
  return context.mcpReq._meta?.progressToken;
}
