/** Drives one guest in the test's own thread, with the worker's own capabilities, so that its memory can be looked at. */
import { createLocalCalls } from '../../src/app/guest-worker.ts';
import { assetBytes, QUICKJS_WASM_SHA256 } from '../../src/core/assets.ts';
import { normalizeProgram } from '../../src/engine/normalize.ts';
import type { LogLine } from '../../src/sandbox/backend.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import type { Guest, GuestEnd, GuestLimits, GuestSession } from '../../src/sandbox/quickjs/guest.ts';
import { GuestMaker } from '../../src/sandbox/quickjs/guest-maker.ts';
import { createEngine } from '../../src/sandbox/quickjs/instance.ts';
import { decodeSnapshot, type Snapshot } from '../../src/sandbox/quickjs/snapshot.ts';
import { ALL_GRANTS } from './world.ts';

export interface Workshop {
  readonly maker: GuestMaker;
  readonly snapshot: Snapshot;
  readonly wasm: WebAssembly.Module;
}

export function openWorkshop(memoryBytes: number = DEFAULT_LIMITS.memoryBytes): Workshop {
  const wasm = new WebAssembly.Module(assetBytes('quickjs.wasm'));
  const snapshot = decodeSnapshot(assetBytes('guest.snapshot'), QUICKJS_WASM_SHA256);
  return { maker: new GuestMaker(createEngine(wasm), snapshot, memoryBytes), snapshot, wasm };
}

export interface Drive {
  readonly limits?: Partial<GuestLimits>;
  readonly grants?: readonly string[];
  readonly paramsText?: string;
  readonly seed?: readonly [number, number, number, number];
  /** Answers a call that the worker does not serve itself; without it, calls are left without an answer. */
  readonly answer?: (call: { id: number; text: string }) => { ok: boolean; text: string } | undefined;
  readonly log?: LogLine[];
  /** `code` is what the engine is given, not what a model wrote. */
  readonly asIs?: boolean;
  /** The run is one of a session. */
  readonly session?: GuestSession;
}

/** Runs `code` in `guest` to its end, which it answers. The guest is neither reset nor checked. */
export function drive(guest: Guest, code: string, options: Drive = {}): Promise<GuestEnd> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const local = createLocalCalls({
    logBytes: limits.logBytes,
    onLog: (line) => options.log?.push(line),
    onLogDropped: () => undefined,
    inventory: () => ({}),
  });
  return new Promise((resolve) => {
    let ended = false;
    guest.begin(
      {
        source: options.asIs ? code : normalizeProgram(code, limits.sourceBytes).source,
        paramsText: options.paramsText ?? '{}',
        seed: options.seed ?? [1, 2, 3, 4],
        profile: { grants: options.grants ?? ALL_GRANTS, limits },
        session: options.session,
      },
      {
        monotonicMs: () => performance.now(),
        threadCpuMs: () => performance.now(),
        callNow: (interfaceName, functionName, text) => local.callNow(interfaceName, functionName, text),
        callLater(id, interfaceName, functionName, text) {
          const settle = (ok: boolean, reply: string): void => {
            if (!ended) guest.settle(id, ok, reply);
          };
          if (local.callLater(interfaceName, functionName, text, settle)) return;
          const reply = options.answer?.({ id, text });
          if (reply) queueMicrotask(() => settle(reply.ok, reply.text));
        },
        sliceStarted: () => undefined,
        stopAsked: () => false,
        sliceEnded: () => undefined,
        ended(end) {
          ended = true;
          local.close();
          resolve(end);
        },
      },
    );
  });
}
