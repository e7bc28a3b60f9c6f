/** Every row of the suite: which adapter, which package, and what it isolates by. Versions stand in package.json alone. */

export interface Peer {
  /** File of `adapters/`. */
  readonly adapter: string;
  readonly variant?: string;
  /** Package whose version the table shows; none for what is part of this project or of Node. */
  readonly package?: string;
  readonly isolation: string;
  readonly language: 'javascript' | 'python';
  /** Whether it keeps runs apart at all; false for a floor. */
  readonly isolatesRuns: boolean;
  readonly nodeArguments?: readonly string[];
}

/** Isolates that are not Node's own need a Node without a start-up snapshot. */
const WITHOUT_SNAPSHOT = ['--no-node-snapshot'];
const js = { language: 'javascript', isolatesRuns: true } as const;

/** The row that ratios are taken against. */
export const OURS = 'ours';

export const PEERS = {
  [OURS]: { ...js, adapter: 'ours', variant: 'product', isolation: 'WASM memory, worker thread' },
  'ours:sandbox': { ...js, adapter: 'ours', variant: 'sandbox', isolation: 'WASM memory, worker thread' },
  'ai-sdk': { ...js, adapter: 'ai-sdk', package: '@ai-sdk/code-mode', isolation: 'WASM memory, worker thread' },
  utcp: {
    ...js,
    adapter: 'utcp',
    package: '@utcp/code-mode',
    isolation: 'V8 isolate',
    nodeArguments: WITHOUT_SNAPSHOT,
  },
  'isolated-vm': {
    ...js,
    adapter: 'isolated-vm',
    package: 'isolated-vm',
    isolation: 'V8 isolate',
    nodeArguments: WITHOUT_SNAPSHOT,
  },
  'secure-exec': { ...js, adapter: 'secure-exec', package: 'secure-exec', isolation: 'V8 isolate, helper process' },
  sebastian: {
    ...js,
    adapter: 'sebastian',
    package: '@sebastianwessel/quickjs',
    isolation: 'context in one WASM memory',
  },
  'qe:ctx': {
    ...js,
    adapter: 'quickjs-emscripten',
    variant: 'context',
    package: 'quickjs-emscripten',
    isolation: 'context in one WASM memory',
  },
  'qe:mod': {
    ...js,
    adapter: 'quickjs-emscripten',
    variant: 'module',
    package: 'quickjs-emscripten',
    isolation: 'WASM memory',
  },
  'qwasi:create': {
    ...js,
    adapter: 'quickjs-wasi',
    variant: 'create',
    package: 'quickjs-wasi',
    isolation: 'WASM memory',
  },
  'qwasi:restore': {
    ...js,
    adapter: 'quickjs-wasi',
    variant: 'restore',
    package: 'quickjs-wasi',
    isolation: 'WASM memory',
  },
  deno: { ...js, adapter: 'deno', package: 'deno', isolation: 'process, V8' },
  docker: { ...js, adapter: 'docker', isolation: 'container, V8' },
  monty: {
    adapter: 'monty',
    package: '@pydantic/monty',
    isolation: 'interpreter in Rust',
    language: 'python',
    isolatesRuns: true,
  },
  'node:vm': { ...js, adapter: 'node-vm', isolation: 'none (floor)', isolatesRuns: false },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof PEERS;

export const PEER_NAMES = Object.keys(PEERS) as readonly PeerName[];
