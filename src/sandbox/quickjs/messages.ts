/**
 * What the main thread and a guest worker say to each other. Several messages travel in one batch (channel.ts): waking the
 * other thread is what costs, not the message. All but the boot and binary data must survive JSON.
 */
import type { DurationFigures } from '../../core/durations.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { LogLine } from '../backend.ts';
import type { FailReport } from './fail-report.ts';
import type { GuestSession, GuestSessionEnd, RunProfile } from './guest.ts';

/** Given to a worker at its start. */
export interface WorkerBoot {
  readonly wasm: WebAssembly.Module;
  /** The guest snapshot as the build wrote it, and the engine's hash that it must bear. */
  readonly snapshot: Uint8Array;
  readonly engineHash: string;
  /** Hard maximum of every guest's memory. */
  readonly memoryBytes: number;
  /** See watchdog.ts: the slots in which the worker tells what its thread is doing. */
  readonly watch: SharedArrayBuffer;
  /** See channel.ts: how batches travel while both sides are awake. */
  readonly channel: SharedArrayBuffer;
  /** Warm guests that are kept ready, and the most that are kept at all while idle. */
  readonly warmGuests: number;
  readonly idleGuestsMax: number;
  /** Idle guests that a clean-up leaves although no run needed them. */
  readonly idleGuestsKept: number;
  /** How long the worker may poll for an answer after it has sent calls, in milliseconds; 0 = never. */
  readonly pollMs: number;
}

export type ToWorker =
  | {
      readonly kind: 'start';
      readonly run: number;
      readonly tenant: string;
      readonly source: string;
      readonly paramsText: string;
      readonly seed: readonly [number, number, number, number];
      /** Number of a profile that was sent before, or the profile itself. */
      readonly profile: number | RunProfile;
      /** Begins when this run has ended, in the same worker; at once when it has ended already. */
      readonly after?: number;
      /** A run of a session; its image, not compressed, is moved. */
      readonly session?: GuestSession;
    }
  /** What most runs share is sent once and then named by its number: copying it is a good part of a short run. */
  | { readonly kind: 'profile'; readonly number: number; readonly profile: RunProfile }
  | {
      readonly kind: 'settle';
      readonly run: number;
      readonly call: number;
      readonly ok: boolean;
      /** JSON text, or a value in the engine's binary form (bjson.ts), transferred. */
      readonly data: string | Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: 'stop'; readonly run: number; readonly code: ErrorCode }
  /** The run's wall-clock deadline moves by so many milliseconds, also back. */
  | { readonly kind: 'extend'; readonly run: number; readonly byMs: number }
  /** What `Object.keys(tools)` answers: server alias → tool aliases; sent when the catalogue changes. */
  | { readonly kind: 'inventory'; readonly names: Readonly<Record<string, readonly string[]>> }
  /** Idle guests that were not needed since the last clean-up may go. */
  | { readonly kind: 'cleanUp' }
  | { readonly kind: 'stats'; readonly request: number };

export type ToMain =
  | { readonly kind: 'ready' }
  | { readonly kind: 'broken'; readonly message: string }
  | {
      readonly kind: 'call';
      readonly run: number;
      readonly call: number;
      readonly interfaceName: string;
      readonly functionName: string;
      readonly text: string;
    }
  | { readonly kind: 'log'; readonly run: number; readonly lines: LogLine[]; readonly dropped: number }
  | { readonly kind: 'end'; readonly run: number; readonly end: WorkerEnd }
  | { readonly kind: 'stats'; readonly request: number; readonly stats: WorkerStats };

export interface WorkerEnd {
  readonly valueText: string | undefined;
  readonly failure: { readonly code: ErrorCode; readonly report: FailReport } | undefined;
  readonly cpuMs: number;
  /** When the run began, on the process-wide monotonic clock; 0 = it never did. */
  readonly begunMs: number;
  /** Why the guest was not kept; `undefined` = it serves again. */
  readonly discarded: string | undefined;
  readonly memoryPeakBytes: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly callsLeft: number;
  /** What the session keeps; the image is moved. */
  readonly session?: GuestSessionEnd | undefined;
}

export interface WorkerStats {
  readonly warm: number;
  readonly leased: number;
  readonly made: number;
  readonly discarded: Readonly<Record<string, number>>;
  /** How long putting a guest back took, and making one. */
  readonly reset: DurationFigures;
  readonly make: DurationFigures;
}
