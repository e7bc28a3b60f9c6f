/** A backend that does what a test tells it to, run by run. */

import type { Json } from '../../src/core/json.ts';
import type { RunEnd, RunFailure, RunRequest, SandboxBackend } from '../../src/sandbox/backend.ts';

export type Play = (request: RunRequest) => Promise<RunEnd> | RunEnd;

export class FakeBackend implements SandboxBackend {
  readonly name = 'fake';
  readonly requests: RunRequest[] = [];
  readonly #plays: Play[];

  /** One play for each run; the last one serves all further runs. */
  constructor(...plays: Play[]) {
    this.#plays = plays;
  }

  async run(request: RunRequest): Promise<RunEnd> {
    this.requests.push(request);
    const play = this.#plays.length > 1 ? this.#plays.shift() : this.#plays[0];
    return (play as Play)(request);
  }

  stats(): Json {
    return {};
  }

  async close(): Promise<void> {}
}

export function ended(end: { value?: Json; failure?: RunFailure } & Partial<RunEnd> = {}): RunEnd {
  const { value = null, failure, ...rest } = end;
  return {
    valueText: failure ? undefined : JSON.stringify(value),
    failure,
    logs: [],
    logsDropped: 0,
    callsLeft: 0,
    usage: { wallMs: 1, guestCpuMs: 1, queueMs: 0, memoryPeakBytes: 1, hostCalls: 0, bytesIn: 1, bytesOut: 1 },
    ...rest,
  };
}

export const lost = (): RunEnd => ended({ failure: { code: 'sandbox.lost', message: 'the worker was lost' } });
