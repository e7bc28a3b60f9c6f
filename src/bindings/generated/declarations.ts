// Generated from wit/ by build/wit; do not edit.
import { lookupTable } from '../lookup-table.ts';
import type { InterfaceName } from './interfaces.ts';

/** TypeScript declarations by interface; each compiles on its own under `strict` with `lib: es2023`. */
export const MODEL_DECLARATIONS: Readonly<Record<InterfaceName, string>> = lookupTable({
  blobs: [
    "/** A value that was too large to show; `handle` stands in the answer that left it behind. */",
    "declare function load(handle: string): Promise<unknown>;",
  ].join('\n'),
  clock: [
    "declare const performance: { now(): number };",
  ].join('\n'),
  console: [
    "declare const console: {",
    "  debug(...data: unknown[]): void;",
    "  log(...data: unknown[]): void;",
    "  info(...data: unknown[]): void;",
    "  warn(...data: unknown[]): void;",
    "  error(...data: unknown[]): void;",
    "};",
  ].join('\n'),
  content: [
    "/** Shows a content block in the answer: one that a tool answered (`{type, mimeType, bytes, handle}`), or an MCP block. */",
    "declare function emit(block: object | string): Promise<void>;",
  ].join('\n'),
  context: [
    "/** Small JSON values that outlive the program. `ifVersion` 0 = the key must be new; a lost race throws `state.conflict`. */",
    "declare const context: {",
    "  get(key: string): Promise<unknown>;",
    "  entry(key: string): Promise<{ value: unknown; version: number; expiresAt?: string } | undefined>;",
    "  set(key: string, value: unknown, options?: { ttlMs?: number; ifVersion?: number }): Promise<{ version: number }>;",
    "  increment(key: string, by?: number, options?: { ttlMs?: number }): Promise<number>;",
    "  delete(key: string): Promise<boolean>;",
    "  list(prefix?: string): Promise<{ key: string; bytes: number; version: number; expiresAt?: string }[]>;",
    "};",
  ].join('\n'),
  intents: [
    "/** Runs a saved program; `search` shows which there are and what they take. */",
    "declare const intents: { readonly [name: string]: (params?: object) => Promise<unknown> };",
  ].join('\n'),
  random: [
    "declare const crypto: {",
    "  randomUUID(): string;",
    "  getRandomValues<T extends Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array",
    "    | Int32Array | Uint32Array | BigInt64Array | BigUint64Array>(array: T): T;",
    "};",
  ].join('\n'),
  timers: [
    "declare function setTimeout<A extends unknown[]>(run: (...args: A) => void, ms?: number, ...args: A): number;",
    "declare function clearTimeout(id?: number): void;",
  ].join('\n'),
  tools: [
    "/** Finds tools by words; an empty query lists the servers. */",
    "declare function search(query: string, limit?: number): Promise<{",
    "  matches: { server: string; tool: string; signature: string; kind: 'tool' | 'intent' }[];",
    "  total: number;",
    "}>;",
    "/** What a failed call of a tool throws. */",
    "interface ToolError extends Error { code: string; tool: string; retryable: boolean; issues: string[] }",
  ].join('\n'),
  url: [
    "declare class URL {",
    "  constructor(url: string, base?: string);",
    "  href: string; readonly origin: string; protocol: string; username: string; password: string;",
    "  host: string; hostname: string; port: string; pathname: string; search: string; hash: string;",
    "  readonly searchParams: URLSearchParams;",
    "  toString(): string;",
    "  toJSON(): string;",
    "  static canParse(url: string, base?: string): boolean;",
    "  static parse(url: string, base?: string): URL | null;",
    "}",
    "declare class URLSearchParams {",
    "  constructor(init?: string | Record<string, string> | Iterable<readonly [string, string]>);",
    "  readonly size: number;",
    "  append(name: string, value: string): void; delete(name: string, value?: string): void;",
    "  get(name: string): string | null; getAll(name: string): string[];",
    "  has(name: string, value?: string): boolean; set(name: string, value: string): void; sort(): void;",
    "  forEach(callback: (value: string, name: string) => void): void;",
    "  entries(): IterableIterator<[string, string]>; keys(): IterableIterator<string>;",
    "  values(): IterableIterator<string>; [Symbol.iterator](): IterableIterator<[string, string]>;",
    "  toString(): string;",
    "}",
  ].join('\n'),
});
