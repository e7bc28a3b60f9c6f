/**
 * From the caller's text to a program that may run: brought into the one form that backends take, and read by the check when
 * that is wanted. An intent comes compiled and checked. Nothing has run when a program is refused here.
 *
 *   text ─▶ normalize (a container: its own form) ─▶ check ─▶ program and notes, or why not
 */
import { OptimizerError } from '../core/errors.ts';
import type { ContainerWork, LogLine } from '../sandbox/backend.ts';
import type { Limits } from '../sandbox/limits.ts';
import type { Checker, CheckRequest } from './check/finding.ts';
import { judge } from './check/verdict.ts';
import { prepareForContainer } from './containers/prepare.ts';
import type { Intent } from './intents/intent.ts';
import type { IntentSource } from './intents/nested-runs.ts';
import { normalizeTyped } from './normalize.ts';
import type { NormalizedProgram } from './program-forms.ts';
import { DEFAULT_TENANT, type ExecuteRequest } from './request.ts';
import type { TypeEraser } from './type-eraser.ts';

export interface PrepareMeans {
  readonly types: Pick<TypeEraser, 'erase'>;
  readonly checker?: Checker;
  readonly intents?: IntentSource;
}

export interface Unprepared {
  readonly request: Pick<ExecuteRequest, 'code' | 'check' | 'tenant'>;
  /** What a container is to do; undefined = the program is for a guest. */
  readonly container: ContainerWork | undefined;
  readonly intent: Intent | undefined;
  readonly limits: Pick<Limits, 'sourceBytes'>;
  readonly grants: readonly string[];
  /** Names that a session has; undefined = the run has no session. */
  readonly variables: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

export type Prepared =
  | {
      readonly program: NormalizedProgram;
      /** What the check said; for the logs of the run. */
      readonly notes: readonly LogLine[];
      readonly refusal?: undefined;
    }
  | { readonly refusal: OptimizerError };

const NO_NOTES: readonly LogLine[] = [];

/** Rejects only for a fault of ours. */
export async function prepareProgram(means: PrepareMeans, run: Unprepared): Promise<Prepared> {
  const { request, container, intent, grants } = run;
  if (intent !== undefined) return { program: intent.program, notes: NO_NOTES };
  let program: NormalizedProgram;
  try {
    program = await inOneForm(means, run);
  } catch (error) {
    if (!(error instanceof OptimizerError)) throw error;
    return { refusal: error };
  }
  // The check knows a guest's globals; a container has many more.
  const check = container ? 'off' : (request.check ?? 'off');
  if (check === 'off') return { program, notes: NO_NOTES };
  const text = program.typed ?? program.javascript;
  const asked = {
    text,
    isTypeScript: program.typed !== undefined,
    grants,
    ...(run.variables ? { variables: run.variables } : {}),
    ...(await intentsFor(means.intents, request, text, grants)),
  };
  const { refusal, notes } = await judge(means.checker, check, asked, run.signal);
  return refusal ? { refusal } : { program, notes };
}

function inOneForm(
  { types }: PrepareMeans,
  { request, container, limits, variables }: Unprepared,
): Promise<NormalizedProgram> {
  if (container) return prepareForContainer(request.code, container.language, limits.sourceBytes, types);
  return normalizeTyped(request.code, limits.sourceBytes, types, variables === undefined ? 'guest' : 'session');
}

/** For the check of a program that mentions intents; when the store is away, any name may be called. */
async function intentsFor(
  intents: IntentSource | undefined,
  { tenant = DEFAULT_TENANT }: Pick<ExecuteRequest, 'tenant'>,
  text: string,
  grants: readonly string[],
): Promise<Pick<CheckRequest, 'intents'>> {
  if (intents === undefined || !grants.includes('intents') || !/\bintents\b/.test(text)) return {};
  return intents.forCheck(tenant).then(
    (known) => ({ intents: known }),
    () => ({}),
  );
}
