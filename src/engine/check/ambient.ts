/**
 * The globals of a run as declarations: those of its grants, and the language's companions that belong to no interface.
 * `unknown` becomes `any`: what is not known is not refused.
 */
import { declarationsFor } from '../../bindings/declarations-for.ts';
import type { InterfaceName } from '../../bindings/generated/interfaces.ts';

/** Everything that the guest's console has; a model is shown only what it should use. */
const CONSOLE = `declare const console: { ${['debug', 'log', 'info', 'warn', 'error', 'trace', 'dir', 'table', 'assert']
  .map((name) => `${name}(...data: any[]): void`)
  .join('; ')} };`;

const ALWAYS = `
declare const params: any;
declare function structuredClone<T>(value: T, options?: any): T;
declare function queueMicrotask(callback: () => void): void;
declare function atob(text: string): string;
declare function btoa(text: string): string;
declare function escape(text: string): string;
declare function unescape(text: string): string;
declare class TextEncoder { readonly encoding: string; encode(text?: string): Uint8Array; encodeInto(text: string, target: Uint8Array): any }
declare class TextDecoder { constructor(label?: string, options?: any); readonly encoding: string; decode(bytes?: any, options?: any): string }
declare class AbortSignal { readonly aborted: boolean; readonly reason: any; static abort(reason?: any): AbortSignal; static timeout(ms: number): AbortSignal; static any(signals: Iterable<AbortSignal>): AbortSignal; throwIfAborted(): void; addEventListener(...args: any[]): void; removeEventListener(...args: any[]): void; dispatchEvent(...args: any[]): any; onabort: any }
declare class AbortController { readonly signal: AbortSignal; abort(reason?: any): void }
interface ErrorOptions { cause?: any }
`;

const made = new Map<string, string>();

/** Declarations of every global but `tools`, for this set of grants. */
export function ambientFor(grants: readonly string[]): string {
  const key = grants.join(' ');
  let text = made.get(key);
  if (text === undefined) {
    const others = grants.filter((name) => name !== 'console') as InterfaceName[];
    text = withoutUnknown(declarationsFor(others)) + (grants.includes('console') ? CONSOLE : '') + ALWAYS;
    if (made.size > 32) made.clear();
    made.set(key, text);
  }
  return text;
}

/** `unknown` as a type becomes `any`; in comments, strings and names of properties it stays. */
export function withoutUnknown(declarations: string): string {
  return declarations.replace(/\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\.)*"|\bunknown\b(?!\??:)/g, (found) =>
    found === 'unknown' ? 'any' : found,
  );
}
