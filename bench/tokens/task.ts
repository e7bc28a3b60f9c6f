/**
 * What a task is: what the user asks, how a model does it by direct calls, and how by programs. Paths are written under
 * `/data`, wherever the folder really lies. Decision: a trace knows the prompt and what earlier turns answered, nothing else.
 */
export interface Call {
  readonly server: string;
  readonly tool: string;
  readonly args: Record<string, unknown>;
}

/** What one direct call answered, as a client shows it. */
export interface Result {
  readonly text: string;
  readonly isError: boolean;
  readonly blocks: readonly { readonly type: string }[];
}

/** All calls of one turn, made in parallel; answers in their order. */
export type Turn = (...calls: readonly Call[]) => Promise<Result[]>;

/** Runs one program as a turn; answers the text that the model reads, without the report. */
export type Program = (code: string) => Promise<string>;

export interface Task {
  readonly id: string;
  readonly shape: 'look-up' | 'fan-out' | 'chain' | 'reduction' | 'join' | 'write' | 'bad for us' | 'below break-even';
  readonly servers: readonly string[];
  readonly prompt: string;
  /** One turn of searches, each for one need. */
  readonly queries: readonly string[];
  /** `server.tool`, own names: what the queries must find, for every mode that searches. */
  readonly needs: readonly string[];
  /** Answers the text that the user is told. */
  direct(turn: Turn): Promise<string>;
  /** The same by programs; mostly one. */
  programs(run: Program): Promise<string>;
  /** What is written at once by someone who knows the servers' names and no tool: mode G, for look-ups. */
  readonly guess?: string;
  /** A typical mistake in place of the first program. */
  readonly mistake: string;
  /** The answer that is right, computed from the data alone, or a check of what was written. */
  check(answer: string, world: { read(path: string): string }): boolean;
}

export const call = (server: string, tool: string, args: Record<string, unknown>): Call => ({ server, tool, args });
