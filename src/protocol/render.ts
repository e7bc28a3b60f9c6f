/**
 * An outcome as a model reads it: errors first, then the value (after a note, when it was cut), what was emitted, the logs,
 * a short run report.
 * Pure. The engine has already cut to `answerChars`; what comes in here goes out whole. Decision: after a write nothing
 * here advises to run the program again, because the write would happen twice.
 */
import type { Json, JsonObject } from '../core/json.ts';
import type { CallRecord, Outcome, OutcomeError } from '../engine/outcome.ts';
import type { RpcErrorBody } from './json-rpc.ts';

export interface ToolAnswer {
  readonly content: JsonObject[];
  readonly isError: boolean;
}

/** Characters of one list of tools. */
const TALLY_CHARS_MAX = 200;

/** `isBlock` says whether an emitted value is a content block of MCP; what is none is shown as JSON text. */
export function renderOutcome(outcome: Outcome, isBlock: (value: Json) => boolean): ToolAnswer {
  const texts = [cutText(outcome), headText(outcome)];
  const blocks = (outcome.content ?? []).filter(isBlock) as JsonObject[];
  for (const stray of (outcome.content ?? []).filter((value) => !isBlock(value))) texts.push(JSON.stringify(stray));
  const content = texts.filter((text) => text !== undefined).map(textBlock);
  content.push(...blocks);
  const tail = tailText(outcome);
  if (tail !== '') content.push(textBlock(tail));
  return { content, isError: outcome.status === 'failed' };
}

/** A failure that has no outcome: wrong arguments, an unknown tool, a fault of ours. */
export function renderError(error: RpcErrorBody): ToolAnswer {
  const hint = error.data.hint;
  const text = `Error ${String(error.data.code)}: ${error.message}${typeof hint === 'string' ? `\n${hint}` : ''}`;
  return { content: [textBlock(text)], isError: true };
}

export function renderText(text: string): ToolAnswer {
  return { content: [textBlock(text)], isError: false };
}

function textBlock(text: string): JsonObject {
  return { type: 'text', text };
}

function headText(outcome: Outcome): string | undefined {
  switch (outcome.status) {
    case 'failed':
      return failureText(outcome);
    case 'paused':
      return approvalText(outcome);
    case 'completed':
      return valueText(outcome);
  }
}

function failureText(outcome: Outcome): string {
  const { error } = outcome;
  if (error === undefined) return 'Error internal.error: the run failed without a reason.';
  // The parser's words name the place already.
  const isSaid = error.line === undefined || error.message.includes(` line ${error.line}`);
  const where = isSaid ? '' : ` at line ${error.line}${columnText(error)}`;
  const id = (error.data as JsonObject | undefined)?.['correlationId'];
  const trace = typeof id === 'string' && !error.message.includes(id) ? ` (correlation id ${id})` : '';
  const lines = [`Error ${error.code}${where}: ${error.message}${trace}`];
  const written = writesText(outcome.calls);
  // Of a refused program the message says all: what is wrong, what is right, that nothing ran.
  const isHelpful = error.kind !== 'check' && !(written !== undefined && error.retryable);
  if (error.hint !== undefined && isHelpful) lines.push(error.hint);
  if (written !== undefined) lines.push(written);
  return lines.join('\n');
}

function columnText(error: OutcomeError): string {
  return error.column === undefined ? '' : `, column ${error.column}`;
}

/** What a failed run has changed in the world; undefined when nothing was written. */
function writesText(calls: readonly CallRecord[]): string | undefined {
  const writes = calls.filter((call) => call.effect === 'write');
  const done = tally(namesOf(writes.filter((call) => call.status === 'ok')));
  const unsure = tally(namesOf(writes.filter((call) => call.status === 'unknown' || call.status === 'error')));
  const parts = [];
  if (done !== '') parts.push(`Already took effect: ${done}.`);
  if (unsure !== '') parts.push(`May have taken effect: ${unsure}.`);
  if (parts.length === 0) return undefined;
  return `${parts.join(' ')} Continue from there in a new program without these calls.`;
}

function namesOf(calls: readonly CallRecord[]): string[] {
  return calls.map((call) => call.tool);
}

/** `a.b ×2, c.d` in order of first appearance. */
function tally(tools: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const tool of tools) counts.set(tool, (counts.get(tool) ?? 0) + 1);
  const names = [...counts].map(([tool, count]) => (count === 1 ? tool : `${tool} ×${count}`));
  let text = '';
  for (const [index, name] of names.entries()) {
    const longer = index === 0 ? name : `${text}, ${name}`;
    if (longer.length > TALLY_CHARS_MAX && index > 0) return `${text} and ${names.length - index} more`;
    text = longer;
  }
  return text;
}

function approvalText(outcome: Outcome): string {
  const { approval } = outcome;
  if (approval === undefined) return 'Paused: a call waits for approval.';
  return `Paused: ${approval.tool} waits for a person's approval (id ${approval.id}, until ${approval.expiresAt}). Arguments: ${JSON.stringify(approval.arguments)}`;
}

function valueText(outcome: Outcome): string | undefined {
  const { value, content = [] } = outcome;
  // A program that has shown something need not return anything.
  if ((value === undefined || value === null) && content.length > 0) return undefined;
  if (value === undefined) return 'The program returned nothing; `return` what you need.';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Stands at the top, in a block of its own: what follows is still JSON. */
function cutText({ truncated }: Outcome): string | undefined {
  if (truncated === undefined) return undefined;
  const { shown, bytes, handle } = truncated;
  return `[cut: ${amount(shown)} of ${amount(bytes)} bytes shown; \`await load(${JSON.stringify(handle)})\` in the next program gives all of it]`;
}

function tailText(outcome: Outcome): string {
  const lines = outcome.logs.map((line) => `[${line.level}] ${line.text}`);
  if (outcome.logsDropped > 0) lines.push(`[${outcome.logsDropped} more dropped]`);
  if (lines.length > 0) lines.unshift('Logs:');
  const left = leftText(outcome);
  if (left !== undefined) lines.push(left);
  if (outcome.proposal !== undefined) lines.push(proposalText(outcome));
  const report = hasNotRun(outcome) ? [] : [reportText(outcome)];
  return [...lines, ...report].join('\n');
}

/** The error says already that nothing ran; there is no run to report. */
function hasNotRun({ error, calls }: Outcome): boolean {
  return calls.length === 0 && (error?.kind === 'check' || error?.code === 'program.syntax');
}

/** Said once for each kind of program; a person saves it, or whoever drives this model. */
function proposalText({ executionId, proposal }: Outcome): string {
  const { name = '', runs = 0, params = {} } = proposal ?? {};
  const names = Object.keys((params.properties ?? {}) as JsonObject);
  const call = `intents.${name}(${names.length === 0 ? '' : `{${names.join(', ')}}`})`;
  return `Ran ${runs} times with other values: \`mcp-optimizer intents save ${name} --execution ${executionId}\` makes it \`${call}\`.`;
}

/** Calls that the program did not wait for; their results are lost, and a write may or may not have happened. */
function leftText({ callsLeft = [], calls }: Outcome): string | undefined {
  if (callsLeft.length === 0) return undefined;
  const unsure = calls.some((call) => call.effect === 'write' && call.status === 'unknown')
    ? ' What they write may or may not have taken effect.'
    : '';
  return `The program returned while calls were in flight: ${tally(callsLeft)}. \`await\` every call.${unsure}`;
}

function reportText(outcome: Outcome): string {
  const { calls, tokens } = outcome;
  const sent = calls.filter((call) => call.status !== 'denied');
  const count = (effect: CallRecord['effect']): number => sent.filter((call) => call.effect === effect).length;
  const parts = [`Calls: ${amount(count('read'))} read, ${amount(count('write'))} write`];
  const failed = sent.filter((call) => call.status !== 'ok' && call.status !== 'cached' && call.status !== 'replayed');
  if (failed.length > 0) parts.push(`${failed.length} without an answer or with an error`);
  if (sent.length < calls.length) parts.push(`${amount(calls.length - sent.length)} refused before being sent`);
  // Without a call there is nothing to compare with. When direct calls would have been cheaper, the figures say so.
  if (tokens.withoutOptimizer > 0) {
    parts.push(`tokens: ${amount(tokens.answer)}, by direct calls ${amount(tokens.withoutOptimizer)}`);
  }
  return `(${parts.join('; ')})`;
}

/** `18,412`: the same on every machine, whatever its language. */
function amount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
