/**
 * docs/errors.md from the table of src/core/errors.ts. One section for each kind, one row for each code. A code that no
 * source file names yet is marked: it belongs to the contract, but this version never answers it.
 */
import { ERROR_TABLE, type ErrorCode, type ErrorKind, EXIT, errorKind, RPC } from '../../src/core/errors.ts';
import { page, table } from './markdown.ts';
import { isMentioned, type SourceTexts } from './source-texts.ts';

const HOME = 'src/core/errors.ts';

const KINDS: Readonly<Record<ErrorKind, string>> = {
  request: 'The request itself is wrong, or was withdrawn. Nothing ran, except for `request.cancelled`.',
  config: 'The config file cannot be used. The process does not start.',
  program: 'The program is wrong.',
  check: 'The program was refused before it ran.',
  limit: 'A limit was reached; [limits.md](limits.md) has them all.',
  denied: 'The call is not allowed in this run. It was not sent.',
  upstream: 'An MCP server failed, or refused.',
  sandbox: 'The sandbox failed. It says nothing about the program.',
  state: 'What was kept cannot be reached.',
  internal: 'A fault of ours.',
};

const RPC_NAMES: Readonly<Record<keyof typeof RPC, string>> = {
  parse: 'the line is not JSON',
  invalidRequest: 'the JSON is not a request, or the line is too long',
  methodNotFound: 'unknown method',
  invalidParams: 'wrong parameters',
  internal: 'a fault of ours',
  failed: 'the request was understood and failed',
  busy: 'try again later',
  cancelled: 'cancelled by its sender',
};

const EXIT_NAMES: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done',
  failed: 'the program failed, or nothing was found',
  usage: 'wrong use: unknown command, option, tool or server',
  config: 'the config file cannot be used',
  upstream: 'a server failed',
  limit: 'a limit was reached',
  denied: 'the policy or a read-only run refused a call',
  internal: 'a fault of ours',
};

export function errorsDocument(sources: SourceTexts): string {
  const codes = Object.keys(ERROR_TABLE) as ErrorCode[];
  const sections = (Object.keys(KINDS) as ErrorKind[]).flatMap((kind) => {
    const rows = codes.filter((code) => errorKind(code) === kind).map((code) => rowOf(code, sources));
    return [`## ${kind}`, KINDS[kind], table(['code', 'meaning', 'what to do', 'JSON-RPC', 'exit', 'retry'], rows)];
  });
  return page([
    '# Errors',
    '<!-- Generated from src/core/errors.ts by `npm run build:docs`. Do not edit. -->',
    INTRODUCTION.trim(),
    ...sections,
    '## JSON-RPC codes',
    table(
      ['code', 'when'],
      Object.entries(RPC).map(([name, code]) => [String(code), RPC_NAMES[name as keyof typeof RPC]]),
    ),
    '## Exit statuses of the command line',
    table(
      ['status', 'when'],
      Object.entries(EXIT).map(([name, status]) => [String(status), EXIT_NAMES[name as keyof typeof EXIT]]),
    ),
  ]);
}

const INTRODUCTION = `
A code is \`kind.name\`. It is stable: programs may compare it, people may look it up here. The message beside it says
what happened and may change; \`hint\` says what to do next.

Where a code stands:

- in \`error.code\` of an outcome, when a program failed (a failing program is an answer, not a JSON-RPC error);
- in \`error.data.code\` of a JSON-RPC error, when there is no outcome;
- in \`code\` of the error that a call throws inside a program;
- in the last line of what the command line prints on stderr.

*retry* says whether the same request may simply be sent again. After a call that may have written something an outcome
says \`retryable: false\` whatever this table says. *Not raised yet* marks a code of the contract that this version never
answers.
`;

function rowOf(code: ErrorCode, sources: SourceTexts): string[] {
  const { meaning, remedy, rpc, exit, retryable } = ERROR_TABLE[code];
  const reserved = isMentioned(sources, code, HOME) ? '' : ' *Not raised yet.*';
  return [`\`${code}\``, meaning + reserved, remedy, String(rpc), String(exit), retryable ? 'yes' : 'no'];
}
