/** What the config says of one server, complete: no field is left to a default further down. */
export type Effect = 'read' | 'write';

/** What may be kept of the results of a server's tools. */
export interface ServerCache {
  /** How long a result is good; undefined = as the whole config says. */
  readonly ttlMs: number | undefined;
  /** By the tool's own name: the tags of a call, with the names of arguments in braces. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
}

interface SpecBase {
  readonly name: string;
  /** Per call; progress from the server resets it. */
  readonly timeoutMs: number;
  /** How long starting and listing may take. */
  readonly startTimeoutMs: number;
  /** Timeouts of single tools, by the tool's own name. */
  readonly toolTimeoutsMs: Readonly<Record<string, number>>;
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[];
  /** The operator's word on a tool wins over the server's annotations. */
  readonly effects: Readonly<Record<string, Effect>>;
  /** `legacy`: `initialize` handshake; `auto`: probe for the 2026-07-28 revision first. */
  readonly era: 'legacy' | 'auto';
  readonly cache?: ServerCache;
}

export interface StdioServerSpec extends SpecBase {
  readonly transport: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the small set of variables that a child inherits. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

export interface HttpServerSpec extends SpecBase {
  readonly transport: 'http';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A component in a worker of this process; whoever builds the fleet knows how to reach it. */
export interface PluginServerSpec extends SpecBase {
  readonly transport: 'plugin';
  /** What it is: SHA-256 of the component, lower-case hex. */
  readonly sha256: string;
}

export type ServerSpec = StdioServerSpec | HttpServerSpec | PluginServerSpec;
