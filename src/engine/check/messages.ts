/** What the engine and the checker's thread say to each other. One request is under way at a time. */
import type { Finding } from './finding.ts';

/** A tool as the thread needs to know it beside its types. */
export interface ThreadTool {
  /** `server.tool`, the upstream's own names. */
  readonly id: string;
  readonly mayWrite: boolean;
  /** One line; absent for a tool that the program does not mention. */
  readonly signature?: string;
}

/** A server whose tools are declared; the key of `ThreadRequest.servers` is the name of its interface. */
export interface ThreadServer {
  readonly name: string;
  /** By every name under which a program may call it. */
  readonly tools: Readonly<Record<string, ThreadTool>>;
  /** It is `intents` and no server. */
  readonly isIntents?: true;
}

export interface ThreadRequest {
  readonly id: number;
  readonly text: string;
  readonly isTypeScript: boolean;
  /** Declarations of the globals, `tools` apart. */
  readonly ambient: string;
  /** What the program declares at its top level is there for the next one: it need not end with a value. */
  readonly keepsVariables?: boolean;
  /** Declarations of `tools`. */
  readonly declarations: string;
  readonly servers: Readonly<Record<string, ThreadServer>>;
  /** Every name under which a server can be reached. */
  readonly serverNames: readonly string[];
  /** Names of tools that stand in the program, with how each is called: for a tool that is called without its server. */
  readonly homes: Readonly<Record<string, readonly string[]>>;
}

export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'findings'; readonly id: number; readonly findings: readonly Finding[] }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
