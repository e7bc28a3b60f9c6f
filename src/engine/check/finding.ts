/**
 * What a check finds in a program, and the port through which the engine asks for one. A check never runs anything, and a
 * check that cannot be made is no refusal: the program runs unchecked.
 */

import type { Effect } from '../../upstream/server-spec.ts';
import type { NamedTool } from '../../upstream/signature.ts';

/** Closed; what each means stands beside its rule. */
export type FindingCode =
  | 'argument'
  | 'await'
  | 'call'
  | 'field'
  | 'global'
  | 'method'
  | 'module'
  | 'return'
  | 'server'
  | 'tool';

/** One mistake. Line and column are 1-based, in the text that was checked. */
export interface Finding {
  /** `error`: the program cannot do what it says. `warning`: it is likely not what its author wants. */
  readonly severity: 'error' | 'warning';
  readonly code: FindingCode;
  readonly line: number;
  readonly column: number;
  /** Plain words, one sentence or two. */
  readonly message: string;
  /** The signature of the tool in question. */
  readonly expected?: string;
  /** The tool that was asked for and is not there, with the names of the arguments it was given. */
  readonly wanted?: { readonly server: string; readonly tool: string; readonly given: readonly string[] };
  /** Known names near to a wrong one, nearest first. */
  readonly nearest?: readonly string[];
}

/** An intent as the check needs it: its types, and every name under which a program may call it. */
export interface CheckIntent extends NamedTool {
  readonly effect: Effect;
  readonly signature: string;
  readonly names: readonly string[];
}

export interface CheckRequest {
  /** The caller's text without a Markdown fence; positions are those of the caller. */
  readonly text: string;
  /** False when the text is plain JavaScript; it is then read with JavaScript's own tolerance. */
  readonly isTypeScript: boolean;
  /** Interfaces that the run is granted: only their globals exist. */
  readonly grants: readonly string[];
  /** Names of the variables that the session holds; undefined = the program is none of a session. */
  readonly variables?: readonly string[];
  /** What `intents` has; undefined = any name may be called. */
  readonly intents?: readonly CheckIntent[];
}

export type CheckReport =
  | { readonly checked: true; readonly findings: readonly Finding[] }
  | {
      readonly checked: false;
      /** Why not, for people; `undefined` when there was no need. */
      readonly reason?: string;
    };

/** Never rejects. */
export interface Checker {
  check(request: CheckRequest): Promise<CheckReport>;
}
