/**
 * What one run did: every call in the order in which it was made, with its outcome, and what each would have cost a
 * model that had called directly. The journal is written before a call leaves (`unknown`), so a lost run still tells
 * what may have taken effect.
 */
import type { Effect } from '../upstream/server-spec.ts';
import type { CallRecord, CallStatus } from './outcome.ts';

export interface DirectCost {
  /** Text of the tool's definition, once for each tool. */
  readonly definitions: Map<string, string>;
  /** Texts of calls and results that would have passed through the model. */
  readonly texts: string[];
}

export class Journal {
  readonly calls: CallRecord[] = [];
  readonly directCost: DirectCost = { definitions: new Map(), texts: [] };

  /** Notes a call that is about to leave; its status is `unknown` until `close`. */
  open(tool: string, effect: Effect, argsHash: string): CallRecord {
    const record: CallRecord = { seq: this.calls.length + 1, tool, status: 'unknown', ms: 0, effect, argsHash };
    this.calls.push(record);
    return record;
  }

  close(record: CallRecord, status: CallStatus, ms: number): void {
    record.status = status;
    record.ms = ms;
  }

  /** True when something may have changed at a server: then a retry is never advised. */
  get wrote(): boolean {
    return this.calls.some((call) => call.effect === 'write' && call.status !== 'denied');
  }
}
