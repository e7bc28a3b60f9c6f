/**
 * The Docker backend: programs that need a whole operating system run in a container of their own, behind the same gate.
 *
 *   run() ─▶ a place ─▶ a container with its agent ready (pool, or made now) ─▶ ContainerRun ─▶ taken away
 *
 * To the rest of the house it is a backend like any other. An engine that cannot be reached is the end of the one run that
 * needed it, as `sandbox.unavailable`; nothing falls back to another backend.
 */
import { randomHex } from '../../core/crypto.ts';
import { type ErrorCode, OptimizerError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { ContainerLanguage, ContainerWork, RunEnd, RunRequest, SandboxBackend } from '../backend.ts';
import { CONTAINER_LANGUAGES } from '../backend.ts';
import type { Limits } from '../limits.ts';
import { AgentContainer, containerName } from './agent-container.ts';
import { ContainerRun } from './container-run.ts';
import { CONTAINER_CPU_MS, CONTAINER_MEMORY_BYTES, type ContainerSpec } from './container-spec.ts';
import { type AgentTexts, agentCommand } from './dialect.ts';
import type { EngineClient, EngineFacts, ListedContainer } from './engine-client.ts';
import { failureWords } from './failure.ts';
import { isGone, LABELS, labelsOf, type Owner, ownerOf, thisProcess } from './owner.ts';
import { Places } from './places.ts';
import { ContainerPool, type Taken } from './pool.ts';

/** Containers of this process that serve a run at the same time; further runs wait their turn. */
export const CONTAINERS_MAX = 16;
/** A run waits for its container as long as it may take itself, and at least this long: the first one takes seconds. */
const READY_WAIT_MS_MIN = 5_000;
/** How long the end of the process waits for the engine; what is left then is found by its labels. */
const CLOSE_WAIT_MS = 3_000;
/** A container of this process that nobody knows is one whose making was given up; by then no answer can be under way. */
const LOST_AFTER_MS = 120_000;
/** What stands around a value in its frame, and files come in frames too. */
const FRAME_BYTES_EXTRA = 64 * 1024;

export interface DockerBackendOptions {
  readonly engine: EngineClient;
  readonly agents: AgentTexts;
  readonly images: Readonly<Record<ContainerLanguage, string>>;
  readonly poolSize: number;
  /** Fills the pool at start and keeps it filled; else a language has one from its first run until it is left alone. */
  readonly poolWarmup: boolean;
  readonly poolCleanupIntervalMs: number;
  readonly runtime: string | undefined;
  /** The config's limits. */
  readonly limits: Limits;
  /** Of the files of one run, in and out. */
  readonly filesBytesMax: number;
  inventory(): Readonly<Record<string, readonly string[]>>;
  /** What happens off the way of any request. */
  onNote(level: 'debug' | 'warn', facts: Readonly<Record<string, Json>>, text: string): void;
}

/** What is asked of the engine once: facts, the image's volumes, who we are. */
interface Ground {
  readonly facts: EngineFacts;
  readonly owner: Owner;
}

export class DockerBackend implements SandboxBackend {
  readonly name = 'docker';
  readonly ceilings: Partial<Limits>;
  readonly #options: DockerBackendOptions;
  readonly #pool: ContainerPool;
  readonly #runs = new Set<ContainerRun>();
  readonly #places = new Places(CONTAINERS_MAX);
  readonly #volumes = new Map<string, Promise<readonly string[] | undefined>>();
  #ground: Promise<Ground> | undefined;
  #tidyTimer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #orphansRemoved = 0;
  #closed = false;

  constructor(options: DockerBackendOptions) {
    this.#options = options;
    this.ceilings = {
      memoryBytes: Math.max(CONTAINER_MEMORY_BYTES, options.limits.memoryBytes),
      cpuMs: Math.max(CONTAINER_CPU_MS, options.limits.cpuMs),
    };
    this.#pool = new ContainerPool({
      size: options.poolSize,
      start: (language) => this.#startContainer(language),
      onRemoveFailed: (error) => options.onNote('warn', { error: String(error) }, 'a container could not be removed'),
    });
  }

  /** Looks for what crashed processes have left, and fills the pool where it is to be filled; waits for neither. */
  start(): void {
    this.#tidyTimer = setInterval(() => this.#tidy(), this.#options.poolCleanupIntervalMs);
    this.#tidyTimer.unref();
    this.#sweeping = this.#sweep();
    if (this.#options.poolWarmup) for (const language of CONTAINER_LANGUAGES) this.#pool.fill(language);
  }

  async run(request: RunRequest): Promise<RunEnd> {
    const work = request.container ?? NODE_WITHOUT_FILES;
    const startedMs = performance.now();
    let container: AgentContainer | undefined;
    let hasPlace = false;
    let hasEndedItself = false;
    try {
      this.#refuseClosed(request);
      await this.#enter(request);
      hasPlace = true;
      container = (await this.#take(work.language, request)).container;
      const memoryBytes = await this.#lowerMemory(container, request.limits);
      if (memoryBytes === undefined) return this.#over('limit.memory', request.limits, startedMs);
      const end = await this.#serve(request, work, container, memoryBytes, performance.now() - startedMs);
      hasEndedItself = end.valueText !== undefined;
      return end;
    } catch (error) {
      if (!(error instanceof OptimizerError)) throw error;
      // An engine that is let go fails whatever waits for it.
      const isClosing = this.#closed && error.code === 'sandbox.unavailable';
      return ended(isClosing ? shutdown() : error, performance.now() - startedMs);
    } finally {
      if (container) this.#pool.give(container, hasEndedItself);
      if (hasPlace) this.#places.leave();
    }
  }

  stats(): Json {
    const { made, warm, cold, ids } = this.#pool;
    return {
      backend: this.name,
      engine: this.#options.engine.address.text,
      containers: ids.size,
      running: this.#runs.size,
      queued: this.#places.waiting,
      waiting: this.#pool.waiting(),
      made,
      warmRuns: warm,
      coldRuns: cold,
      orphansRemoved: this.#orphansRemoved,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#tidyTimer);
    this.#places.close();
    for (const run of this.#runs) run.stop('request.shutdown');
    const done = Promise.all([this.#pool.close(), this.#sweeping]);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_WAIT_MS);
    });
    await Promise.race([done, late]).finally(() => clearTimeout(timer));
    this.#options.engine.close();
  }

  /**
   * Removes the containers of processes that are no more, and those of this one that it has lost sight of: an engine that
   * missed a deadline may have made one afterwards.
   */
  async #sweep(): Promise<void> {
    const { engine, onNote } = this.#options;
    try {
      const { owner } = await this.#groundOf();
      const known = this.#pool.ids;
      for (const { id, labels } of await engine.list(LABELS.pid)) {
        const of = ownerOf(labels);
        if (of === undefined || known.has(id)) continue;
        const isOurs = of.host === owner.host && of.pid === owner.pid && of.started === owner.started;
        if (isOurs ? !isOld(labels) : !(await isGone(of))) continue;
        await engine.remove(id);
        this.#orphansRemoved++;
        onNote('debug', { container: id, pid: of.pid }, 'removed the container of a process that is gone');
      }
    } catch (error) {
      onNote('debug', { error: String(error) }, 'left-over containers could not be looked for');
    }
  }

  #tidy(): void {
    this.#pool.tidy(this.#options.poolWarmup);
    this.#volumes.clear();
    this.#sweeping = this.#sweeping.then(() => this.#sweep());
  }

  // ---- a run ---------------------------------------------------------------------------------------------------------

  /** Waits for a place, at most as long as the run may take. */
  async #enter({ signal, limits }: RunRequest): Promise<void> {
    switch (await this.#places.enter(signal, limits.wallMs)) {
      case 'entered':
        return;
      case 'aborted':
        throw new OptimizerError('request.cancelled', 'the run was cancelled');
      case 'closed':
        throw shutdown();
      case 'late':
        throw new OptimizerError('limit.queue', `no container came free within wallMs = ${limits.wallMs} ms`);
    }
  }

  #refuseClosed({ signal }: RunRequest): void {
    if (this.#closed) throw shutdown();
    if (signal.aborted) throw new OptimizerError('request.cancelled', 'the run was cancelled');
  }

  /**
   * A run that is cancelled, or has waited long enough for an engine that does not move, does not wait for its container;
   * the container is taken away when it is there.
   */
  async #take(language: ContainerLanguage, request: RunRequest): Promise<Taken> {
    const taking = this.#pool.take(language);
    const { signal, limits } = request;
    const waitMs = Math.max(limits.wallMs, READY_WAIT_MS_MIN);
    let timer: NodeJS.Timeout | undefined;
    let onAbort = (): void => undefined;
    const givenUp = new Promise<undefined>((resolve) => {
      onAbort = (): void => resolve(undefined);
      signal.addEventListener('abort', onAbort, { once: true });
      timer = setTimeout(onAbort, waitMs);
    });
    const taken = await Promise.race([taking, givenUp]).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    });
    if (taken && !this.#closed) return taken;
    void taking.then(({ container }) => this.#pool.give(container)).catch(() => undefined);
    this.#refuseClosed(request);
    const at = this.#options.engine.address.text;
    throw new OptimizerError(
      'sandbox.unavailable',
      `the Docker engine at ${at} made no container within ${waitMs} ms`,
      {
        hint: 'See the engine’s log; nothing ran.',
      },
    );
  }

  /** A lower limit than the pool's is set on the running container. Undefined: it uses more than that already. */
  async #lowerMemory(container: AgentContainer, { memoryBytes }: Limits): Promise<number | undefined> {
    if (memoryBytes >= container.spec.memoryBytes) return container.spec.memoryBytes;
    try {
      await container.setMemory(memoryBytes);
      return memoryBytes;
    } catch (error) {
      // The kernel's refusal, by way of runc; anything else is a runtime that has no such limit.
      if (/current usage|resource busy/.test(String(error))) return undefined;
      const runtime = this.#options.runtime ?? 'default';
      throw new OptimizerError(
        'sandbox.unavailable',
        `the runtime \`${runtime}\` cannot lower the memory of a container`,
        {
          hint: 'Leave `limits.memoryBytes` out.',
          cause: error,
        },
      );
    }
  }

  async #serve(
    request: RunRequest,
    work: ContainerWork,
    container: AgentContainer,
    memoryBytes: number,
    queueMs: number,
  ): Promise<RunEnd> {
    const run = new ContainerRun({
      container,
      request,
      work,
      queueMs,
      memoryBytes,
      inventory: () => this.#options.inventory(),
    });
    this.#runs.add(run);
    try {
      return await run.start();
    } finally {
      this.#runs.delete(run);
    }
  }

  #over(code: ErrorCode, limits: Limits, startedMs: number): RunEnd {
    const message = failureWords(code, { limits, memoryBytes: limits.memoryBytes });
    return ended(new OptimizerError(code, message), performance.now() - startedMs);
  }

  // ---- a container ---------------------------------------------------------------------------------------------------

  async #startContainer(language: ContainerLanguage): Promise<AgentContainer> {
    const { engine, images, agents, runtime, limits } = this.#options;
    const image = images[language];
    const [{ facts, owner }, volumes] = await Promise.all([this.#groundOf(), this.#volumesOf(image)]);
    if (volumes === undefined) throw noImage(image, language);
    if (runtime !== undefined && !facts.runtimes.includes(runtime)) throw noRuntime(runtime, facts);
    const nonce = randomHex();
    const memoryBytes = this.ceilings.memoryBytes as number;
    const spec: ContainerSpec = {
      name: containerName(owner.pid),
      language,
      image,
      command: agentCommand(language, agents, nonce, memoryBytes),
      memoryBytes,
      labels: labelsOf(owner, language, new Date()),
      runtime,
      hasAppArmor: facts.hasAppArmor,
      volumes,
    };
    const frameBytesMax = Math.max(limits.keptValueBytes, 2 * limits.argumentBytes, this.#options.filesBytesMax);
    return AgentContainer.start(engine, spec, nonce, frameBytesMax + FRAME_BYTES_EXTRA);
  }

  /** Asked once; a failure is asked again the next time. */
  #groundOf(): Promise<Ground> {
    this.#ground ??= (async () => {
      const [facts, owner] = await Promise.all([this.#options.engine.facts(), thisProcess()]);
      return { facts, owner };
    })();
    this.#ground.catch(() => {
      this.#ground = undefined;
    });
    return this.#ground;
  }

  /** Looked up once, until the next tidying; what is missing is looked for again. */
  async #volumesOf(image: string): Promise<readonly string[] | undefined> {
    const known = this.#volumes.get(image) ?? this.#options.engine.volumesOfImage(image);
    this.#volumes.set(image, known);
    try {
      const volumes = await known;
      if (volumes === undefined) this.#volumes.delete(image);
      return volumes;
    } catch (error) {
      this.#volumes.delete(image);
      throw error;
    }
  }
}

function isOld(labels: ListedContainer['labels']): boolean {
  return Date.now() - Date.parse(labels[LABELS.made] ?? '') > LOST_AFTER_MS;
}

/** What `backend: "docker"` alone means. */
const NODE_WITHOUT_FILES: ContainerWork = { language: 'node', filesIn: {}, filesOut: [], filesBytesMax: 0 };

function noImage(image: string, language: ContainerLanguage): OptimizerError {
  return new OptimizerError('sandbox.unavailable', `the Docker engine has no image \`${image}\` for ${language}`, {
    hint: `\`mcp-optimizer images build ${language}\` makes one from this machine’s own files; or pull one, and name it in \`backends.docker.images.${language}\`. Nothing is pulled by itself.`,
  });
}

function noRuntime(runtime: string, { runtimes }: EngineFacts): OptimizerError {
  return new OptimizerError('sandbox.unavailable', `the Docker engine has no runtime \`${runtime}\``, {
    hint: `Runtimes there: ${runtimes.join(', ')}. Install it, or leave \`backends.docker.runtime\` out.`,
  });
}

function shutdown(): OptimizerError {
  return new OptimizerError('request.shutdown', 'the process is shutting down');
}

function ended({ code, message, hint }: OptimizerError, queueMs: number): RunEnd {
  return {
    valueText: undefined,
    failure: { code, message, ...(hint === undefined ? {} : { hint }) },
    logs: [],
    logsDropped: 0,
    callsLeft: 0,
    usage: { wallMs: 0, guestCpuMs: 0, queueMs, memoryPeakBytes: 0, hostCalls: 0, bytesIn: 0, bytesOut: 0 },
  };
}
