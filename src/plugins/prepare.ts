/**
 * From the file that the config names to an output that can be run: size, digest, kept output or translation. The place
 * where a plugin is refused; each refusal is one `upstream.plugin` error with the reason.
 *
 *   file ─size, sha256─▶ kept output? ──yes──▶ output
 *                            └──no──▶ translator's thread ─checks─▶ output, kept for the next start
 */
import { open } from 'node:fs/promises';
import { sha256Hex } from '../core/crypto.ts';
import { OptimizerError } from '../core/errors.ts';
import type { FromTranspiler, PluginOutput, TranspileRequest } from './messages.ts';
import type { OutputCache } from './output-cache.ts';
import { COMPONENT_BYTES_MAX, type PluginSpec, TRANSPILE_TIMEOUT_MS } from './plugin-spec.ts';

/** A thread of ours, as far as this room needs one. */
export interface PluginThread<To> {
  postMessage(message: To): void;
  on(event: 'message', listener: (message: never) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'exit', listener: (code: number) => void): void;
  terminate(): Promise<number>;
}

export interface PrepareDeps {
  /** A translator's thread; used for one component and ended. */
  spawnTranspiler(): Promise<PluginThread<TranspileRequest>>;
  /** Undefined: every start translates. */
  readonly cache: OutputCache | undefined;
  /** `TRANSPILE_TIMEOUT_MS` by default. */
  readonly transpileTimeoutMs?: number;
}

/** Throws `upstream.plugin` (the file cannot be read, is another one, or does not pass the checks). */
export async function prepare(spec: PluginSpec, deps: PrepareDeps, signal?: AbortSignal): Promise<PluginOutput> {
  if (!('Suspending' in WebAssembly)) {
    throw refusal(spec.name, 'this version of Node cannot run plugins.', { hint: 'Use Node 26, or the executable.' });
  }
  const component = await readComponent(spec.path, spec.name);
  const found = sha256Hex(component);
  if (found !== spec.sha256) {
    throw refusal(spec.name, `its file has the SHA-256 ${found}, the config pins ${spec.sha256}.`, {
      hint: 'Look at what changed; `mcp-optimizer plugins verify FILE` prints the digest to write into the config.',
    });
  }
  signal?.throwIfAborted();
  const kept = await deps.cache?.load(found, spec.memoryBytes);
  if (kept !== undefined) return kept;
  const output = await translate(spec, component, deps, signal);
  await deps.cache?.save(found, spec.memoryBytes, output);
  return output;
}

/** The bytes of a component. Throws `upstream.plugin`. */
export async function readComponent(path: string, name: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > COMPONENT_BYTES_MAX) {
        throw refusal(name, `its file has ${size} bytes; ${COMPONENT_BYTES_MAX} are allowed.`);
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof OptimizerError) throw error;
    const { code } = error as { code?: unknown };
    throw refusal(name, `its file ${path} cannot be read (${String(code ?? 'unknown')}).`, { cause: error });
  }
}

async function translate(
  spec: PluginSpec,
  component: Uint8Array,
  deps: PrepareDeps,
  signal: AbortSignal | undefined,
): Promise<PluginOutput> {
  const thread = await deps.spawnTranspiler();
  return await new Promise<PluginOutput>((resolve, reject) => {
    const { transpileTimeoutMs = TRANSPILE_TIMEOUT_MS } = deps;
    const timer = setTimeout(() => {
      reject(refusal(spec.name, `it was not translated within ${transpileTimeoutMs} ms.`));
    }, transpileTimeoutMs);
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      end();
    };
    thread.on('message', (message: FromTranspiler) =>
      settle(() => {
        if (message.kind === 'output') resolve(message.output);
        else reject(refusal(spec.name, message.reason));
      }),
    );
    thread.on('error', (error) => settle(() => reject(lost(spec.name, error))));
    thread.on('exit', () => settle(() => reject(lost(spec.name, undefined))));
    thread.postMessage({ component, memoryBytes: spec.memoryBytes });
  }).finally(() => thread.terminate());
}

function lost(name: string, cause: Error | undefined): OptimizerError {
  const why = (cause as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return refusal(name, why ? 'translating it takes more memory than it may.' : 'the translator ended over it.', {
    cause,
  });
}

/** A refusal of a plugin. `why` completes "Plugin "x": …". */
export function refusal(
  name: string,
  why: string,
  more: { readonly hint?: string; readonly cause?: unknown } = {},
): OptimizerError {
  const reason = `${why.charAt(0).toLowerCase()}${why.slice(1)}`;
  return new OptimizerError('upstream.plugin', `Plugin "${name}" is refused: ${reason}`, {
    ...(more.hint === undefined ? {} : { hint: more.hint }),
    data: { server: name, sent: false },
    cause: more.cause,
  });
}
