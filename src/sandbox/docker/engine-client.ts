/**
 * The Docker engine as the few calls that this room makes, each with a deadline: a client that waits for a hung engine
 * waits for ever. The library is loaded at the first call, so that who has no containers does not pay for it.
 * Every failure is `sandbox.unavailable` with what to do about it; `statusOf` tells the cases apart that are expected.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { ContainerCreateOptions, ImageInspectOptions } from 'dockerode';
import { OptimizerError } from '../../core/errors.ts';
import type { EngineAddress } from './engine-address.ts';

/** Deadlines in ms. Creating and starting take some 100 ms, seconds on a machine out of breath. */
const QUICK_MS = 5_000;
const SLOW_MS = 20_000;
const IMPORT_MS = 300_000;
const WORDS_CHARS_MAX = 500;

export interface EngineFacts {
  readonly version: string;
  readonly runtimes: readonly string[];
  readonly hasAppArmor: boolean;
}

export interface ContainerEnd {
  readonly isRunning: boolean;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
}

export interface ListedContainer {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

export class EngineClient {
  readonly address: EngineAddress;
  #docker: Promise<Docker> | undefined;
  /** Of the calls under way. */
  readonly #aborts = new Set<AbortController>();

  constructor(address: EngineAddress) {
    this.address = address;
  }

  facts(): Promise<EngineFacts> {
    return this.#call('look at', QUICK_MS, async (docker) => {
      const info = await docker.info();
      const options = (info.SecurityOptions ?? []) as string[];
      return {
        version: String(info.ServerVersion),
        runtimes: Object.keys(info.Runtimes ?? {}),
        hasAppArmor: options.some((option) => /^name=apparmor(,|$)/.test(option)),
      };
    });
  }

  /** Folders that the image declares as volumes; undefined when the engine has no such image. */
  async volumesOfImage(image: string): Promise<readonly string[] | undefined> {
    try {
      return await this.#call('look at the image', QUICK_MS, async (docker, abortSignal) => {
        const options = { abortSignal } as ImageInspectOptions;
        const found = await docker.getImage(image).inspect(options);
        return Object.keys(found.Config?.Volumes ?? {});
      });
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  create(options: ContainerCreateOptions): Promise<string> {
    return this.#call('create a container', SLOW_MS, async (docker, abortSignal) => {
      return (await docker.createContainer({ ...options, abortSignal })).id;
    });
  }

  /** A connection to the container's stdin, stdout and stderr; made before it starts, so that nothing is missed. */
  attach(id: string): Promise<Duplex> {
    return this.#call('attach to a container', QUICK_MS, async (docker) => {
      const options = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true };
      return (await docker.getContainer(id).attach(options)) as unknown as Duplex;
    });
  }

  start(id: string): Promise<void> {
    return this.#call('start a container', SLOW_MS, async (docker, abortSignal) => {
      await docker.getContainer(id).start({ abortSignal });
    });
  }

  /** Lowers the memory of a container that runs already; fails when it uses more. */
  setMemory(id: string, bytes: number): Promise<void> {
    return this.#call('lower the memory of a container', QUICK_MS, async (docker) => {
      await docker.getContainer(id).update({ Memory: bytes, MemorySwap: bytes });
    });
  }

  end(id: string): Promise<ContainerEnd> {
    return this.#call('look at a container', QUICK_MS, async (docker, abortSignal) => {
      const { State } = await docker.getContainer(id).inspect({ abortSignal });
      return { isRunning: State.Running, exitCode: State.ExitCode, outOfMemory: State.OOMKilled };
    });
  }

  /** Processor time of the container and all its processes so far, in ms; 0 where the runtime does not count. */
  cpuMs(id: string): Promise<number> {
    return this.#call('measure a container', QUICK_MS, async (docker, abortSignal) => {
      const options = { stream: false, 'one-shot': true, abortSignal } as { stream: false };
      const stats = await docker.getContainer(id).stats(options);
      return (stats.cpu_stats?.cpu_usage?.total_usage ?? 0) / 1e6;
    });
  }

  /** Ends it if it runs, and takes it away with everything that is its own. One that is gone already is no failure. */
  async remove(id: string): Promise<void> {
    try {
      await this.#call('remove a container', SLOW_MS, async (docker, abortSignal) => {
        await docker.getContainer(id).remove({ force: true, v: true, abortSignal });
      });
    } catch (error) {
      // 404: gone. 409: somebody else is removing it just now.
      if (![404, 409].includes(statusOf(error) ?? 0)) throw error;
    }
  }

  /** All containers that carry `label`, whatever their state. */
  list(label: string): Promise<ListedContainer[]> {
    return this.#call('list containers', QUICK_MS, async (docker, abortSignal) => {
      const found = await docker.listContainers({ all: true, filters: { label: [label] }, abortSignal });
      return found.map(({ Id, Labels }) => ({ id: Id, labels: Labels ?? {} }));
    });
  }

  /** An image from a tar of its whole file system. */
  importImage(tar: NodeJS.ReadableStream, name: string, environment: readonly string[]): Promise<void> {
    return this.#call('import an image', IMPORT_MS, async (docker) => {
      const at = name.lastIndexOf(':');
      const changes = environment.map((pair) => `ENV ${pair}`);
      const options = { repo: name.slice(0, at), tag: name.slice(at + 1), changes };
      const progress = await docker.importImage(tar, options);
      await new Promise<void>((resolve, reject) => {
        docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
      });
    });
  }

  /** Gives up what is still under way, so that an engine that does not answer holds no process. */
  close(): void {
    for (const abort of this.#aborts) abort.abort();
  }

  async #call<Answer>(
    what: string,
    deadlineMs: number,
    work: (docker: Docker, signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const abort = new AbortController();
    this.#aborts.add(abort);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      abort.signal.addEventListener('abort', () => reject(abort.signal.reason as Error), { once: true });
      timer = setTimeout(() => abort.abort(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
    });
    late.catch(() => undefined);
    try {
      this.#docker ??= connect(this.address);
      // What cannot be made now, for want of a certificate, may be there the next time.
      const docker = await this.#docker.catch((error: unknown) => {
        this.#docker = undefined;
        throw error;
      });
      const answer = work(docker, abort.signal);
      // An answer that comes after the deadline is nobody's.
      answer.catch(() => undefined);
      return await Promise.race([answer, late]);
    } catch (error) {
      throw this.#unavailable(what, error);
    } finally {
      clearTimeout(timer);
      this.#aborts.delete(abort);
    }
  }

  #unavailable(what: string, error: unknown): OptimizerError {
    if (error instanceof OptimizerError) return error;
    const { code, message } = error as NodeJS.ErrnoException;
    const at = this.address.text;
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EHOSTUNREACH') {
      return new OptimizerError('sandbox.unavailable', `no Docker engine answers at ${at} (${code})`, {
        hint: 'Install and start Docker (Debian and Ubuntu: `apt-get install docker.io`; else docs.docker.com/engine/install), or name the engine in DOCKER_HOST or `backends.docker.host`. TypeScript programs run without it.',
        cause: error,
      });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      return new OptimizerError('sandbox.unavailable', `this user may not use the Docker engine at ${at}`, {
        hint: 'Add the user to the group `docker`, or use a rootless engine.',
        cause: error,
      });
    }
    const words = message.replace(/^\(HTTP code \d+\) /, '').trim();
    return new OptimizerError(
      'sandbox.unavailable',
      `the Docker engine at ${at} could not ${what}: ${words.slice(0, WORDS_CHARS_MAX)}`,
      { hint: 'See the engine’s log.', cause: error },
    );
  }
}

/** HTTP status of the engine's refusal behind an error of this client. */
export function statusOf(error: unknown): number | undefined {
  const cause = error instanceof OptimizerError ? error.cause : error;
  const status = (cause as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

async function connect({ options }: EngineAddress): Promise<Docker> {
  // The package's only export: a class that is called, as CommonJS has it.
  const { default: Engine } = await import('dockerode');
  if ('socketPath' in options) return new Engine(options);
  const { folder, ...rest } = options;
  const certificate = (name: string): Buffer => {
    try {
      return readFileSync(join(folder as string, name));
    } catch (error) {
      throw new OptimizerError(
        'sandbox.unavailable',
        `the certificate \`${name}\` of DOCKER_CERT_PATH cannot be read`,
        {
          hint: 'DOCKER_CERT_PATH names a folder with `ca.pem`, `cert.pem` and `key.pem`.',
          cause: error,
        },
      );
    }
  };
  const tls =
    folder === undefined
      ? {}
      : { ca: certificate('ca.pem'), cert: certificate('cert.pem'), key: certificate('key.pem') };
  return new Engine({ ...rest, ...tls } as ConstructorParameters<typeof Engine>[0]);
}
