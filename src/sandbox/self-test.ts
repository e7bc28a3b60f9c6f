/**
 * What must hold on this machine before a backend of guests is trusted: that recursion ends in the guest and not in the
 * thread's own stack, that an endless loop is stopped, that memory is refused at the limit, and that an honest program is
 * right after all of that. A Node with another stack layout, an engine file from elsewhere, a system that caps stacks:
 * whatever breaks one of the four shows here, and not in somebody's run.
 *
 * Decision to know: the programs are bounded far below any configured limit, touch little memory and take some ten
 * milliseconds of one worker; a backend of any kind can be asked, because only its contract is used.
 */
import { newExecutionId } from '../core/ids.ts';
import type { RunEnd, SandboxBackend } from './backend.ts';
import { DEFAULT_LIMITS, LIMITS, type Limits } from './limits.ts';

/** What a test expects: a value as JSON text, or the code with which the run ends. */
interface SelfTestProgram {
  /** What holds if it passes. */
  readonly claim: string;
  readonly body: string;
  readonly expects: { readonly value: string } | { readonly code: string };
  readonly limits?: Partial<Limits>;
}

/**
 * A native overflow in one of these would end the run; the guest's own error is caught, once for each. They are the kinds
 * that take much native stack and leave little behind; test/security/stack.test.ts has many more.
 */
const RECURSIONS = [
  'function f() { f() } f()',
  'class C { constructor() { new C() } } new C()',
  "JSON.parse('['.repeat(1e4))",
  'let q = {}; for (let i = 0; i < 3e3; i++) q = new Proxy(q, {}); q.x',
  'const s = () => [2, 1].sort(() => { s(); return 0 }); s()',
];

const PROGRAMS: readonly SelfTestProgram[] = [
  {
    claim: 'recursion of every kind ends in the guest’s own stack, as an error that a program can catch',
    body: `let caught = 0; ${RECURSIONS.map((code) => `try { (() => { ${code} })() } catch { caught++ }`).join(' ')} return caught`,
    expects: { value: String(RECURSIONS.length) },
  },
  {
    claim: 'recursion that nobody catches ends as `limit.stack`',
    body: 'function f() { return f() + 1 } return f()',
    expects: { code: 'limit.stack' },
  },
  {
    claim: 'an endless loop is stopped',
    body: 'for (;;);',
    expects: { code: 'limit.cpu' },
    limits: { cpuMs: LIMITS.cpuMs.min },
  },
  {
    claim: 'memory beyond the limit is refused',
    body: `return new ArrayBuffer(${LIMITS.memoryBytes.min}).byteLength`,
    expects: { code: 'limit.memory' },
    limits: { memoryBytes: LIMITS.memoryBytes.min },
  },
  { claim: 'the next program is right', body: 'return [1, 2, 3].map((n) => n * 2)', expects: { value: '[2,4,6]' } },
];

/** Of one program; the machine may be busy. */
const WALL_MS = 5_000;
/** A tenant of its own: what the tests leave is never anybody's. */
const TENANT = 'self-test';

export type SelfTestResult =
  | { readonly status: 'passed' }
  | { readonly status: 'failed'; readonly reason: string }
  /** It could not be said: the backend is closing, or a worker was lost to somebody else. */
  | { readonly status: 'unknown' };

/** Runs the programs one after the other; `memoryBytes` is the hard maximum of a guest's memory. Never rejects. */
export async function selfTest(backend: SandboxBackend, memoryBytes: number): Promise<SelfTestResult> {
  for (const program of PROGRAMS) {
    let end: RunEnd;
    try {
      end = await backend.run({
        executionId: newExecutionId(),
        tenant: TENANT,
        source: `(async function(){${program.body}\n})`,
        paramsText: '{}',
        grants: [],
        limits: { ...DEFAULT_LIMITS, wallMs: WALL_MS, cpuMs: WALL_MS, memoryBytes, ...program.limits },
        seed: [1, 2, 3, 4],
        signal: new AbortController().signal,
        hostCall: async () => ({ ok: false, text: '{}' }),
      });
    } catch (error) {
      return { status: 'failed', reason: `${program.claim}: ${String(error)}` };
    }
    const code = end.failure?.code;
    if (code !== undefined && INCONCLUSIVE.has(code)) return { status: 'unknown' };
    const { expects } = program;
    const held = 'value' in expects ? end.valueText === expects.value : code === expects.code;
    if (held) continue;
    const got = code === undefined ? `the value ${end.valueText?.slice(0, 80)}` : `${code} (${end.failure?.message})`;
    return { status: 'failed', reason: `not true here: ${program.claim}; got ${got}` };
  }
  return { status: 'passed' };
}

const INCONCLUSIVE: ReadonlySet<string> = new Set([
  'request.shutdown',
  'request.cancelled',
  'sandbox.lost',
  'limit.time',
]);
