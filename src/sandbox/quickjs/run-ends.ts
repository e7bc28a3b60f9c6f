/**
 * The end of a run on the main thread: the worker's word with what was heard of the run, as the contract wants it; or, when
 * the worker has none, an end that is made here.
 */
import type { ErrorCode } from '../../core/errors.ts';
import type { LogLine, RunEnd } from '../backend.ts';
import type { Limits } from '../limits.ts';
import type { FailReport } from './fail-report.ts';
import { describeFailure } from './failure.ts';
import type { WorkerEnd } from './messages.ts';

/** What a run has said and asked while it ran. */
export interface HeardOfRun {
  readonly logs: LogLine[];
  readonly logsDropped: number;
  readonly hostCalls: number;
}

export const NOTHING_HEARD: HeardOfRun = { logs: [], logsDropped: 0, hostCalls: 0 };

/** An end that the host makes: by a limit of its own, or because the worker is gone. `detail` is for the log of a fault. */
export function failed(code: ErrorCode, detail?: string): WorkerEnd {
  const report: FailReport = detail === undefined ? {} : { message: detail };
  return {
    valueText: undefined,
    failure: { code, report },
    cpuMs: 0,
    begunMs: 0,
    discarded: code,
    memoryPeakBytes: 0,
    bytesIn: 0,
    bytesOut: 0,
    callsLeft: 0,
  };
}

/** `wallMs` and `queueMs` as the main thread has measured them. */
export function toRunEnd(limits: Limits, end: WorkerEnd, heard: HeardOfRun, wallMs: number, queueMs: number): RunEnd {
  return {
    valueText: end.valueText,
    failure: end.failure ? describeFailure(end.failure, limits) : undefined,
    logs: heard.logs,
    logsDropped: heard.logsDropped,
    callsLeft: end.callsLeft,
    usage: {
      wallMs,
      guestCpuMs: end.cpuMs,
      queueMs,
      memoryPeakBytes: end.memoryPeakBytes,
      hostCalls: heard.hostCalls,
      bytesIn: end.bytesIn,
      bytesOut: end.bytesOut,
    },
  };
}
