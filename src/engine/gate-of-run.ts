/**
 * The gate of one run, made before the run begins: what the request and the limits allow, the upstream's ports, and the
 * interfaces that the host answers by itself.
 *
 *   load ─▶ kept values     emit ─▶ the run's content     context ─▶ the values of tenant and session     intents ─▶ nested
 *
 * Decision to know: all of them go through the gate like a call of a tool, so that grants, budget and journal hold for them.
 */
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import type { ExecutionId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { Limits } from '../sandbox/limits.ts';
import type { ContextValues } from '../state/context.ts';
import type { Log } from '../telemetry/log.ts';
import type { RunContent } from './content.ts';
import { serveContext } from './context-calls.ts';
import { Gate, type GateOptions, type ServeCapability } from './gate.ts';
import type { NestedRuns } from './intents/nested-runs.ts';
import type { KeptBlobs } from './kept-blobs.ts';
import type { KeptValues } from './kept-values.ts';
import type { ToolCaller, ToolSource } from './ports.ts';
import { DEFAULT_TENANT, type ExecuteRequest, type RunContext } from './request.ts';

/** What the gates of all runs have in common. */
export interface GateMeans {
  readonly tools: ToolSource;
  readonly caller: ToolCaller;
  readonly kept: KeptValues;
  readonly blobs: KeptBlobs;
  readonly context: ContextValues;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly log: Log;
}

/** A run that is about to begin. */
export interface GatedRun {
  readonly request: ExecuteRequest;
  readonly context: RunContext;
  readonly limits: Limits;
  readonly executionId: ExecutionId;
  readonly grants: readonly string[];
  readonly content: RunContent;
  /** The intents that it may call; undefined where there are none. */
  readonly nested: NestedRuns | undefined;
}

/** The caller closes it at the end of the run. */
export function openGate(means: GateMeans, run: GatedRun): Gate {
  const { request, context, limits, executionId, grants, content, nested } = run;
  const { tools, caller, redactor, clock, log, kept, blobs } = means;
  const tenant = request.tenant ?? DEFAULT_TENANT;
  const load: ServeCapability = async (_, [handle]) => {
    if (blobs.find(tenant, handle as string) === undefined) return JSON.parse(kept.load(tenant, handle as string));
    throw new OptimizerError('request.params', 'load: the handle is of bytes, which stay on the host', {
      hint: '`emit` the block that it came with, or return it.',
    });
  };
  // Emitted blocks count in the order in which they come, and before an end that comes after them.
  const emit: ServeCapability = async (_, [block]) => {
    content.emit(block as Json);
    return null;
  };
  const values = serveContext({
    values: means.context,
    owner: { tenant, session: request.session },
    limits,
    redactor,
    onWrite: () => gate.journal.noteWrite(),
  });
  const options: GateOptions = {
    executionId,
    readOnly: request.readOnly ?? false,
    tenant,
    grants,
    limits,
    tools,
    caller,
    served: {
      blobs: load,
      content: emit,
      context: values,
      ...(nested === undefined ? {} : { intents: (...call) => intents(...call) }),
    },
    keepBlob: (blob) => blobs.keep(tenant, blob),
    redactor,
    clock,
    log,
    onEvent: (event) => context.onEvent(event),
    ...(context.asker === undefined ? {} : { asker: context.asker }),
  };
  const gate: Gate = new Gate(options);
  const intents: ServeCapability = nested?.serve(options, () => gate) ?? (async () => null);
  return gate;
}
