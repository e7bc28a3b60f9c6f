/**
 * Intents that a program calls: each is a run of its own, in a guest of the same tenant, through a gate that shares the
 * caller's journal, budget of calls and turn, and is at most as free as the caller's.
 *
 *   program ─ intents.x(params) ─▶ gate ─▶ here ─▶ guest of its own ─▶ its gate ─▶ the same journal, budget, servers
 *
 * Decisions: the caller's end is the end of everything below it, so one deadline bounds the whole tree. Places for guests
 * are counted for each depth, because a run that holds one while it waits for another below must not wait for itself.
 */
import { OptimizerError } from '../../core/errors.ts';
import type { ExecutionId } from '../../core/ids.ts';
import { byteLength, type Json, type JsonObject } from '../../core/json.ts';
import type { LogLine, SandboxBackend } from '../../sandbox/backend.ts';
import type { Limits } from '../../sandbox/limits.ts';
import type { CheckIntent } from '../check/finding.ts';
import { failureOf } from '../failure.ts';
import { Gate, type GateOptions, type ServeCapability } from '../gate.ts';
import type { Seed } from '../seeds.ts';
import { Turnstile } from '../turnstile.ts';
import { checkParams, type Intent } from './intent.ts';

/** Where intents come from. Rejects with `request.intent` when there is none of the name. */
export interface IntentSource {
  require(tenant: string, name: string): Promise<Intent>;
  /** What the check of a program knows of them. */
  forCheck(tenant: string): Promise<readonly CheckIntent[]>;
}

export interface NestedRunsOptions {
  readonly source: IntentSource;
  readonly backend: SandboxBackend;
  readonly executionId: ExecutionId;
  readonly tenant: string;
  readonly limits: Limits;
  readonly grants: readonly string[];
  nextSeed(): Seed;
}

/** All intents that one run calls, directly or not. Belongs to the run and ends with its gate. */
export class NestedRuns {
  /** What the called intents wrote to their consoles, in the order in which they ended. */
  readonly logs: LogLine[] = [];
  logsDropped = 0;
  /** Calls that intents did not wait for. */
  readonly callsLeft: string[] = [];
  /** Processor time of the called intents together. */
  cpuMs = 0;
  readonly #options: NestedRunsOptions;
  readonly #places: Turnstile[] = [];
  #logBytes = 0;

  constructor(options: NestedRunsOptions) {
    this.#options = options;
  }

  /** Serves `intents` for the gate that `gate` answers and `gateOptions` made; `depth` is 0 for the run itself. */
  serve(gateOptions: GateOptions, gate: () => Gate, depth = 0): ServeCapability {
    return async (_, [name, params]) => {
      const { limits, source, tenant } = this.#options;
      if (depth >= limits.intentDepth) {
        throw new OptimizerError(
          'limit.depth',
          `\`intents.${name as string}\` would be level ${depth + 1} of intents that call intents (limit \`intentDepth\` = ${limits.intentDepth})`,
        );
      }
      gate().spend();
      if (this.cpuMs >= limits.cpuMs) {
        throw new OptimizerError(
          'limit.cpu',
          `the called intents have used ${Math.round(this.cpuMs)} ms of processor time (limit \`cpuMs\` = ${limits.cpuMs})`,
        );
      }
      const intent = await source.require(tenant, name as string);
      checkParams(intent, (params ?? {}) as JsonObject);
      this.#places[depth] ??= new Turnstile(limits.guestsInFlight);
      const places = this.#places[depth];
      await places.enter();
      try {
        return await this.#run(intent, (params ?? {}) as JsonObject, gateOptions, gate(), depth);
      } finally {
        places.leave();
      }
    };
  }

  async #run(intent: Intent, params: JsonObject, above: GateOptions, caller: Gate, depth: number): Promise<Json> {
    const { backend, executionId, tenant, limits, grants, nextSeed } = this.#options;
    if (caller.signal.aborted) throw new OptimizerError('request.cancelled', 'the run has ended');
    const options: GateOptions = {
      ...above,
      readOnly: above.readOnly || intent.effect === 'read',
      served: { ...above.served, intents: (...call) => served(...call) },
    };
    const gate = new Gate(options, caller.share);
    const served = this.serve(options, () => gate, depth + 1);
    const end = await backend
      .run({
        executionId,
        tenant,
        source: intent.program.source,
        paramsText: JSON.stringify(params),
        grants,
        limits,
        seed: nextSeed(),
        signal: caller.signal,
        hostCall: (call) => gate.hostCall(call),
      })
      .finally(() => gate.close());
    this.cpuMs += end.usage.guestCpuMs;
    this.#note(end.logs, end.logsDropped);
    this.callsLeft.push(...gate.unanswered);
    if (end.failure === undefined) return JSON.parse(end.valueText ?? 'null') as Json;
    const { code, message, hint, data, line } = failureOf(end.failure, gate, intent.program, intent.code);
    const where = line === undefined ? '' : ` (line ${line} of the intent)`;
    throw new OptimizerError(code, `intents.${intent.name}: ${message}${where}`, {
      ...(hint === undefined ? {} : { hint }),
      data: { ...(data as JsonObject | undefined), intent: intent.name },
    });
  }

  #note(lines: readonly LogLine[], dropped: number): void {
    this.logsDropped += dropped;
    for (const line of lines) {
      this.#logBytes += byteLength(line.text);
      if (this.#logBytes <= this.#options.limits.logBytes) this.logs.push(line);
      else this.logsDropped++;
    }
  }
}
