/**
 * A program that is one call of a tool with literal arguments needs no guest: `return await tools.a.b({ … })`. It is found
 * here and made here, through the same gate, and ends like a run, so that the outcome is the one that a guest would give.
 * Decision: whatever is not plainly that form runs in a guest; a wrong guess here would change a program's meaning.
 */
import { type AnyNode, parse } from 'acorn';
import type { Clock } from '../core/clock.ts';
import type { ErrorCode } from '../core/errors.ts';
import { byteLength, type Json } from '../core/json.ts';
import { NO_USAGE, type RunEnd, type RunFailure, type RunRequest, replyText } from '../sandbox/backend.ts';
import type { Limits } from '../sandbox/limits.ts';
import type { FailReport } from '../sandbox/quickjs/fail-report.ts';
import { describeFailure } from '../sandbox/quickjs/failure.ts';
import type { NormalizedProgram } from './program-forms.ts';

export interface PlainCall {
  readonly server: string;
  readonly tool: string;
  readonly args: Json;
  /** The whole result was asked for, by `$raw`. */
  readonly raw: boolean;
}

/** A longer text is data more than a call, and reading it twice would cost more than a guest. */
const TEXT_CHARS_MAX = 16_384;
const PLAIN = /\btools\s*[.[]/;
/** Names that are no tool's in a guest. */
const NO_TOOL = new Set(['then', 'toJSON', '$raw']);

/** The call that `program` is; undefined when it is more than that, or when a guest would refuse it. */
export function plainCallOf(
  { javascript }: Pick<NormalizedProgram, 'javascript'>,
  grants: readonly string[],
  limits: Pick<Limits, 'argumentBytes' | 'calls'>,
): PlainCall | undefined {
  if (javascript.length > TEXT_CHARS_MAX || !PLAIN.test(javascript)) return undefined;
  // What refuses the call inside of a guest refuses it in the guest's words.
  if (!grants.includes('tools') || limits.calls < 1) return undefined;
  const found = readCall(javascript);
  if (found === undefined || byteLength(argumentsText(found)) > limits.argumentBytes) return undefined;
  return found;
}

/** What such a call needs of a run. */
export type PlainRun = Pick<RunRequest, 'limits' | 'signal' | 'deadline' | 'hostCall'>;

/** Makes the call as a guest would; `run.hostCall` is the gate. Resolves as a backend's `run` does. */
export async function runPlainCall(plain: PlainCall, clock: Clock, run: PlainRun): Promise<RunEnd> {
  const { limits, signal, hostCall } = run;
  const startedMs = clock.monotonicMs();
  const text = argumentsText(plain);
  let stop: (failure: RunFailure) => void = () => {};
  const stopped = new Promise<RunFailure>((resolve) => {
    stop = resolve;
  });
  const failure = (code: ErrorCode, report: FailReport = {}): RunFailure => describeFailure({ code, report }, limits);
  const onAbort = (): void => stop(failure('request.cancelled'));
  let endMs = startedMs + limits.wallMs;
  let timer: NodeJS.Timeout | undefined;
  const arm = (byMs: number): void => {
    endMs += byMs;
    clearTimeout(timer);
    timer = setTimeout(() => stop(failure('limit.time')), endMs - clock.monotonicMs());
  };
  arm(0);
  run.deadline?.listen(arm);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    // Nothing is sent for a caller who has gone.
    if (signal.aborted) return ended(undefined, failure('request.cancelled'), NO_USAGE);
    const call = { call: 1, interfaceName: 'tools', functionName: 'call', argumentsText: text };
    const end = await Promise.race([hostCall(call), stopped]);
    const wallMs = clock.monotonicMs() - startedMs;
    const usage = { ...NO_USAGE, wallMs, hostCalls: 1, bytesOut: text.length };
    if ('code' in end) return ended(undefined, end, usage);
    const reply = replyText(end);
    const tooLarge = end.ok && reply.length > limits.keptValueBytes ? reply.length : undefined;
    if (tooLarge !== undefined) return ended(undefined, failure('limit.value', { tooLarge }), usage);
    if (end.ok) return ended(reply, undefined, { ...usage, bytesIn: reply.length });
    // The gate has its own record of it, which wins over these words.
    return ended(undefined, { code: 'program.error', message: 'the call failed', call: 1 }, usage);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function ended(valueText: string | undefined, failure: RunFailure | undefined, usage: RunEnd['usage']): RunEnd {
  return { valueText, failure, logs: [], logsDropped: 0, callsLeft: 0, usage };
}

function argumentsText({ server, tool, args, raw }: PlainCall): string {
  return JSON.stringify([server, tool, args, raw]);
}

function readCall(text: string): PlainCall | undefined {
  const options = { ecmaVersion: 2024, allowAwaitOutsideFunction: true, allowReturnOutsideFunction: true } as const;
  let body: readonly AnyNode[];
  try {
    body = parse(text, options).body.filter((node) => node.type !== 'EmptyStatement');
  } catch {
    return undefined;
  }
  const [statement] = body;
  if (body.length !== 1 || statement === undefined) return undefined;
  if (statement.type === 'ReturnStatement') return callOf(statement.argument ?? undefined);
  return statement.type === 'ExpressionStatement' ? callOf(statement.expression) : undefined;
}

function callOf(node: AnyNode | undefined): PlainCall | undefined {
  const call = node?.type === 'AwaitExpression' ? node.argument : node;
  if (call?.type !== 'CallExpression' || call.optional || call.arguments.length > 1) return undefined;
  const path = pathOf(call.callee);
  const [server, ...rest] = path ?? [];
  const raw = rest[0] === '$raw' && rest.length === 2;
  const tool = raw ? rest[1] : rest[0];
  if (server === undefined || tool === undefined || rest.length !== (raw ? 2 : 1)) return undefined;
  if (NO_TOOL.has(server) || NO_TOOL.has(tool)) return undefined;
  const [argument] = call.arguments;
  const args = argument === undefined ? {} : literalOf(argument);
  return args === undefined ? undefined : { server, tool, args, raw };
}

/** `['a', 'b']` of `tools.a.b` or `tools["a"].b`. */
function pathOf(node: AnyNode): string[] | undefined {
  if (node.type === 'Identifier') return node.name === 'tools' ? [] : undefined;
  if (node.type !== 'MemberExpression' || node.optional) return undefined;
  const before = pathOf(node.object);
  const name = nameOf(node.property, node.computed);
  return before === undefined || name === undefined ? undefined : [...before, name];
}

function nameOf(node: AnyNode, computed: boolean): string | undefined {
  if (!computed && node.type === 'Identifier') return node.name;
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}

/** The value of a literal that JSON can say as well; undefined for everything else. */
function literalOf(node: AnyNode): Json | undefined {
  switch (node.type) {
    case 'Literal':
      return isPlain(node.value) ? node.value : undefined;
    case 'TemplateLiteral':
      return node.expressions.length === 0 ? (node.quasis[0]?.value.cooked ?? undefined) : undefined;
    case 'UnaryExpression': {
      const value = node.operator === '-' ? literalOf(node.argument) : undefined;
      return typeof value === 'number' && value !== 0 ? -value : undefined;
    }
    case 'ArrayExpression': {
      const items = node.elements.map((item) => (item === null ? undefined : literalOf(item)));
      return items.every((item) => item !== undefined) ? items : undefined;
    }
    case 'ObjectExpression': {
      const members: Array<[string, Json]> = [];
      for (const property of node.properties) {
        if (property.type !== 'Property' || property.kind !== 'init' || property.method || property.shorthand)
          return undefined;
        const key = nameOf(property.key, property.computed);
        const value = literalOf(property.value);
        // Of two equal keys the last one counts, in another place of the object; and `__proto__` is no key at all.
        if (key === undefined || value === undefined || key === '__proto__') return undefined;
        if (members.some(([known]) => known === key)) return undefined;
        members.push([key, value]);
      }
      return Object.fromEntries(members);
    }
    default:
      return undefined;
  }
}

/** A regular expression and a bigint are literals too, and a number may be too large to be said. */
function isPlain(value: unknown): value is string | number | boolean | null {
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}
