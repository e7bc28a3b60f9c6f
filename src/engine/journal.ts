/**
 * What one run did: every call in the order in which it was made, with its outcome, and what each would have cost a
 * model that had called directly. The journal is written before a call leaves, so a lost run still tells what may have
 * taken effect:
 *
 *   open ─▶ denied ─leave─▶ unknown ─close─▶ ok │ error │ …          seal ─▶ everything stays as it is
 */
import type { Effect } from '../upstream/server-spec.ts';
import type { DirectCost } from './ledger.ts';
import type { CallRecord, CallStatus } from './outcome.ts';

export class Journal {
  readonly #calls: CallRecord[] = [];
  #sealed = false;
  #wroteState = false;
  readonly directCost: DirectCost = { definitions: new Map(), texts: [] };

  /** Notes a call that has been asked for; until it leaves it is `denied`. */
  open(tool: string, effect: Effect, argsHash: string): CallRecord {
    const record: CallRecord = { seq: this.#calls.length + 1, tool, status: 'denied', ms: 0, effect, argsHash };
    if (!this.#sealed) this.#calls.push(record);
    return record;
  }

  /** The call leaves now; until `close` nobody knows what becomes of it. */
  leave(record: CallRecord): void {
    if (!this.#sealed) record.status = 'unknown';
  }

  /** Notes how a call ended. After `seal` it notes nothing: what comes late is not part of the run. */
  close(record: CallRecord, status: CallStatus, ms: number): void {
    if (this.#sealed) return;
    record.status = status;
    record.ms = ms;
  }

  /** The end of the run; the calls stay as they are now. */
  seal(): void {
    this.#sealed = true;
  }

  get calls(): readonly CallRecord[] {
    return this.#calls;
  }

  /** Something is about to change that is no call of a tool: a value of the context. */
  noteWrite(): void {
    this.#wroteState = true;
  }

  /** True when something may have changed at a server or in the context: then a retry is never advised. */
  get wrote(): boolean {
    if (this.#wroteState) return true;
    return this.#calls.some((call) => call.effect === 'write' && call.status !== 'denied');
  }
}
