/**
 * What a peer is to the suite: something that runs one program, isolated from the run before it, against a few tools of
 * the host. Adapters are small and show the documented way to use a peer; everything that is measured lies outside of them.
 * Packages of peers are not the project's own, so they are loaded by name at run time and typed by what the adapter uses.
 */
import { fileURLToPath } from 'node:url';
import type { Json } from '../../src/core/json.ts';
import type { Program } from './workloads.ts';

/** Tools of the host: asynchronous, one object of named arguments, a JSON value. */
export type Tools = Readonly<Record<string, (args: Record<string, Json>) => Promise<Json>>>;

export interface PeerOptions {
  readonly tools: Tools;
  /** After so long a run is to be stopped, by the peer's own setting where it has one. */
  readonly timeLimitMs: number;
  /** What a run may hold, by the peer's own setting where it has one. */
  readonly memoryLimitBytes: number;
  /** For adapters that show two ways of one package. */
  readonly variant: string | undefined;
}

export interface OpenPeer {
  /** Runs the program in a sandbox that no other run has used or will use. Rejects when it is refused or fails. */
  run(program: Program): Promise<unknown>;
  close(): Promise<void>;
}

/** What every file of `adapters/` exports as `open`. */
export type Open = (options: PeerOptions) => Promise<OpenPeer>;

/** A package of `bench/peers/node_modules`, typed by the caller; a CommonJS module's exports, an ES module's names. */
export async function loadPeerPackage<Shape>(name: string): Promise<Shape> {
  const module = (await import(name)) as Shape & { default?: Shape };
  return 'module.exports' in module && module.default !== undefined ? module.default : module;
}

/** Path of a file inside a package of `bench/peers/node_modules`, by the name that the package exports it under. */
export function peerFile(name: string): string {
  return fileURLToPath(import.meta.resolve(name));
}

/** Rejects with a time-out after `ms`, for peers whose own limit does not cover waiting. `onTimeout` must end the run. */
export async function withDeadline<Value>(work: Promise<Value>, ms: number, onTimeout: () => void): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`stopped after ${ms} ms`));
      onTimeout();
    }, ms);
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
