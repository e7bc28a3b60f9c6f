/**
 * A run that is over → its outcome: the end in words, what it returned and showed fitted to the budgets, and the tokens of
 * it all. The last stretch of the way through `execute.ts`; nothing is awaited here, and nothing is called any more.
 *
 *   RunEnd + gate + content ─▶ logs, calls ─▶ error or value ─▶ fit to the answer ─▶ count
 *
 * Decision to know: whatever leaves here has passed the redactor, and the tokens are counted last, of what is really shown.
 */
import { OptimizerError } from '../core/errors.ts';
import type { ExecutionId } from '../core/ids.ts';
import { byteLength, type Json, type JsonObject } from '../core/json.ts';
import type { Redactor } from '../policy/redaction.ts';
import { type ContainerWork, type LogLine, NO_USAGE, type RunEnd, type RunUsage } from '../sandbox/backend.ts';
import type { Limits } from '../sandbox/limits.ts';
import { fitAnswer, valueCharsOf } from './answer-budget.ts';
import { withContainerAdvice } from './containers/advice.ts';
import type { RunContent } from './content.ts';
import { DEPTH_MAX, isTooDeep } from './depth.ts';
import { failureOf, wordsOf } from './failure.ts';
import type { Gate } from './gate.ts';
import type { Habits } from './intents/habits.ts';
import type { Intent } from './intents/intent.ts';
import type { NestedRuns } from './intents/nested-runs.ts';
import type { KeptValues } from './kept-values.ts';
import { countTokens, type DirectCost, settleLedger, type TokenCounter } from './ledger.ts';
import type { Outcome } from './outcome.ts';
import type { NormalizedProgram } from './program-forms.ts';
import { DEFAULT_TENANT, type ExecuteRequest, type RunContext } from './request.ts';
import { shapeJson } from './shape.ts';

export interface OutcomeMeans {
  /** The ceilings; of a run, its own count. */
  readonly limits: Limits;
  readonly kept: KeptValues;
  readonly redactor: Redactor;
  readonly tokens: TokenCounter;
  readonly renderAnswer: (outcome: Outcome) => string;
  readonly habits?: Habits;
  /** Whether a program that needs a container could have one here. */
  readonly hasContainers: boolean;
}

/** A run that is over, and what it is judged by. */
export interface EndedRun {
  readonly request: ExecuteRequest;
  readonly context: RunContext;
  readonly limits: Limits;
  readonly executionId: ExecutionId;
  readonly queueMs: number;
  readonly program: NormalizedProgram;
  readonly gate: Gate;
  readonly content: RunContent;
  /** The intents that the run has called. */
  readonly nested: NestedRuns | undefined;
  readonly how: { readonly intent?: Intent; readonly isCall?: boolean };
  readonly container?: ContainerWork | undefined;
  readonly end: RunEnd;
  /** Why the variables of the session are not kept. */
  readonly unkept?: OptimizerError | undefined;
  /** What the check said of the program; stands before its own lines. */
  readonly notes: readonly LogLine[];
}

export class Outcomes {
  readonly #means: OutcomeMeans;

  constructor(means: OutcomeMeans) {
    this.#means = means;
  }

  ofRun(run: EndedRun): Outcome {
    const { end, gate, limits, content, nested, how } = run;
    const outcome = emptyOutcome(run.executionId, { ...end.usage, queueMs: run.queueMs + end.usage.queueMs });
    const { redactor, hasContainers } = this.#means;
    const lines = [...run.notes, ...(nested?.logs ?? []), ...end.logs];
    outcome.logs = lines.map(({ level, text }) => ({ level, text: redactor.text(text) }));
    outcome.logsDropped = end.logsDropped + (nested?.logsDropped ?? 0);
    outcome.usage.guestCpuMs += nested?.cpuMs ?? 0;
    if (how.intent !== undefined) outcome.intent = how.intent.name;
    outcome.calls = gate.journal.calls.map((call) => ({ ...call }));
    outcome.usage.hostCalls = outcome.calls.length;
    if (end.failure && run.unkept) outcome.logs.push({ level: 'warn', text: redactor.text(run.unkept.message) });
    if (end.failure) {
      const error = failureOf(end.failure, gate, run.program, run.request.code);
      const told = { ...error, message: redactor.text(error.message) };
      outcome.error = run.container ? told : withContainerAdvice(told, run.request.code, hasContainers);
    } else if (run.unkept) {
      const { retryable, message, ...words } = wordsOf(run.unkept);
      outcome.error = { ...words, message: redactor.text(message), retryable: retryable && !gate.journal.wrote };
    } else {
      this.#setValue(outcome, end.valueText ?? 'null', run);
    }
    // A program that returns while calls are under way has most likely forgotten an `await`.
    const left = [...gate.unanswered, ...(nested?.callsLeft ?? [])];
    if (outcome.status === 'completed' && left.length > 0) outcome.callsLeft = left;
    if (content.refused !== undefined) outcome.logs.push({ level: 'warn', text: redactor.text(content.refused) });
    if (content.blocks.length > 0) outcome.content = content.blocks;
    if (end.files) outcome.files = end.files;
    if (outcome.status === 'completed' && how.intent === undefined && !how.isCall) this.#noteHabit(outcome, run);
    if (run.context.audience === 'model') fitAnswer(outcome, limits.answerChars);
    const { code, params } = run.request;
    // Of an intent the caller writes the name and the parameters, not the program.
    const written = how.intent === undefined ? code : `${how.intent.name}(${JSON.stringify(params ?? {})})`;
    return this.#counted(outcome, written, gate.journal.directCost);
  }

  /** A program that never ran. */
  refused(executionId: ExecutionId, code: string, error: OptimizerError, queueMs: number): Outcome {
    const outcome = emptyOutcome(executionId, { ...NO_USAGE, queueMs });
    const { line, column, ...data } = (error.data ?? {}) as { line?: number; column?: number } & JsonObject;
    const { data: _place, ...words } = wordsOf(error);
    const { redactor, hasContainers, limits } = this.#means;
    const told = {
      ...words,
      message: redactor.text(words.message),
      ...(Object.keys(data).length === 0 ? {} : { data: redactor.json(data) }),
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
    };
    outcome.error = withContainerAdvice(told, code, hasContainers);
    fitAnswer(outcome, limits.answerChars);
    return this.#counted(outcome, code, { definitions: new Map(), texts: [] });
  }

  /** A program that has been run often enough is proposed as an intent. */
  #noteHabit(outcome: Outcome, { request, program, executionId }: EndedRun): void {
    const { tenant = DEFAULT_TENANT, code, params = {} } = request;
    const { javascript } = program;
    const { calls } = outcome;
    const proposal = this.#means.habits?.completed({ tenant, executionId, code, javascript, params, calls });
    if (proposal === undefined) return;
    const { redactor } = this.#means;
    outcome.proposal = redactor.holds(proposal.code) ? { ...proposal, code: redactor.text(proposal.code) } : proposal;
  }

  /** Inline up to `valueBytes`; a larger value is kept whole behind a handle and shown cut, never invalid. */
  #setValue(outcome: Outcome, text: string, { request, context, limits, content }: EndedRun): void {
    const bytes = byteLength(text);
    if (bytes > limits.keptValueBytes) {
      outcome.error = wordsOf(
        new OptimizerError(
          'limit.value',
          `the returned value has ${bytes} bytes; at most keptValueBytes = ${limits.keptValueBytes} bytes can be kept`,
        ),
      );
      return;
    }
    const { redactor, kept } = this.#means;
    const returned = JSON.parse(text) as Json;
    if (isTooDeep(returned)) {
      const message = `the returned value is nested more than ${DEPTH_MAX} levels deep`;
      outcome.error = wordsOf(new OptimizerError('limit.value', message, { hint: 'Return a flatter value.' }));
      return;
    }
    outcome.status = 'completed';
    const value = redactor.holds(text) ? redactor.json(returned) : returned;
    if (content.takeValue(value)) {
      // Never the same data twice.
      outcome.value = null;
      return;
    }
    const charsMax = context.audience === 'model' ? valueCharsOf(limits.answerChars) : Number.POSITIVE_INFINITY;
    const shownChars = typeof value === 'string' ? value.length : text.length;
    if (bytes <= limits.valueBytes && shownChars <= charsMax) {
      outcome.value = value;
      return;
    }
    const shaped = shapeJson(value, Math.min(Math.floor(limits.valueBytes / 4), charsMax));
    outcome.value = shaped.value;
    const whole = redactor.active ? JSON.stringify(value) : text;
    outcome.truncated = { handle: kept.keep(request.tenant ?? DEFAULT_TENANT, whole), bytes, shown: shaped.chars };
  }

  #counted(outcome: Outcome, code: string, direct: DirectCost): Outcome {
    const { tokens, renderAnswer } = this.#means;
    outcome.tokens = settleLedger(tokens, code, renderAnswer(outcome), direct);
    // The answer names its own tokens, so it is counted again with the figure in it; a figure of as many digits costs the
    // same, and one that has grown by a digit is counted once more.
    for (let digits = 0; digits !== String(outcome.tokens.answer).length; ) {
      digits = String(outcome.tokens.answer).length;
      const answer = countTokens(tokens, renderAnswer(outcome));
      outcome.tokens.saved += outcome.tokens.answer - answer;
      outcome.tokens.answer = answer;
    }
    return outcome;
  }
}

function emptyOutcome(executionId: ExecutionId, usage: RunUsage): Outcome {
  return {
    executionId,
    status: 'failed',
    logs: [],
    logsDropped: 0,
    calls: [],
    usage,
    tokens: { answer: 0, withoutOptimizer: 0, saved: 0 },
  };
}
