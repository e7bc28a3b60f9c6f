/**
 * What the config says of one plugin, complete, and the bounds of this room. A plugin is a WebAssembly component of the
 * world `mcp-optimizer:adapter` (wit/adapter.wit); to everyone else it looks like one more server.
 */

export interface PluginSpec {
  /** Its name as a server: `tools.NAME.…`. */
  readonly name: string;
  /** Absolute path of the component. */
  readonly path: string;
  /** SHA-256 that the file must have, lower-case hex. Anything else is refused. */
  readonly sha256: string;
  /** Where `host-http` may go. Empty: nowhere. */
  readonly hosts: readonly PluginHost[];
  /** Maximum of each linear memory of one instance. */
  readonly memoryBytes: number;
}

/** One allowed host, with what is sent to it and never shown to the plugin. */
export interface PluginHost {
  /** `https://api.example.com`, `http://localhost:8080`: scheme, host and port, exactly. */
  readonly origin: string;
  /** Headers that the host adds, such as credentials. */
  readonly headers: Readonly<Record<string, string>>;
}

export const PLUGIN_DEFAULTS = { memoryBytes: 64 * 1024 * 1024 } as const;

/** Part of the key of a kept output: a change of the translator, its options or our checks makes the old ones unknown. */
export const OUTPUT_FORMAT = 'jco-transpile 0.15.0, checks 2';

/** Largest component that is read. Those with a whole JavaScript engine inside have 2 to 13 MiB. */
export const COMPONENT_BYTES_MAX = 64 * 1024 * 1024;
/** Core modules of one component; the largest known has 13. */
export const CORE_MODULES_MAX = 64;
/** Instances of core modules within one component instance: a component may list one module many times. */
export const CORE_INSTANCES_MAX = 128;
/** Linear memories that its modules define, together: each may grow to `memoryBytes`. */
export const MEMORIES_MAX = 4;
/** Entries of one table, 8 bytes each; a whole JavaScript engine has some 5,000. */
export const TABLE_ENTRIES_MAX = 100_000;
/** Names in core modules; mangled names of real compilers have up to some 300 characters. */
export const CORE_NAME_CHARS_MAX = 512;
/** Translating a large component takes 1 to 4 s on a busy machine. */
export const TRANSPILE_TIMEOUT_MS = 30_000;
/** Memory of the translator itself; large real components need some 100 MiB. */
export const TRANSPILER_MEMORY_BYTES = 512 * 1024 * 1024;
/** From a new worker to an instance in it that can be called; a start function that loops ends here. */
export const START_TIMEOUT_MS = 10_000;
/** Component instances of one plugin, which are its calls at a time; further calls wait. */
export const INSTANCES_MAX = 4;
/** Calls that wait for an instance of one plugin. */
export const CALLS_QUEUED_MAX = 1_024;
/** After a call was given up, how long its plugin has to let go before its worker is ended. */
export const LET_GO_MS = 100;
/** Lines of the log of one call; the rest is counted. */
export const LOG_LINES_MAX = 100;
/** Characters of one line of the log. */
export const LOG_LINE_CHARS_MAX = 2_000;
/** Body of a request through `host-http`. */
export const HTTP_REQUEST_BYTES_MAX = 1 * 1024 * 1024;
/** Body of an answer, decompressed. */
export const HTTP_RESPONSE_BYTES_MAX = 8 * 1024 * 1024;
/** Headers of one request, names and values together. */
export const HTTP_HEADER_CHARS_MAX = 16_384;
/** Longest wait for an answer. */
export const HTTP_TIMEOUT_MS = 30_000;
/** JavaScript heap of a plugin's worker: the glue code, and objects of components that use WebAssembly GC. */
export const WORKER_HEAP_MB = 128;
