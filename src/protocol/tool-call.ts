/**
 * One `tools/call` of an agent: which of the three tools, are the arguments right, what does the engine say. Stands
 * between the MCP server and the engine and knows no SDK, so that every way of carrying MCP shares it.
 * Decision: whatever goes wrong is a tool result with `isError` and a sentence for the model, not a protocol error.
 */
import { OptimizerError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';
import { type CheckMode, PROGRAM_LANGUAGES, type ProgramLanguage, type RunContext } from '../engine/request.ts';
import type { Log } from '../telemetry/log.ts';
import type { EnginePort } from './engine-port.ts';
import { toErrorBody } from './error-response.ts';
import { checkParams } from './params.ts';
import { renderError, renderOutcome, renderText, type ToolAnswer } from './render.ts';
import { NAME, type ParamsSchema } from './schema-parts.ts';
import type { Surface, ToolRole } from './surface.ts';

export interface ToolCallDependencies {
  readonly engine: Pick<EnginePort, 'execute' | 'searchText'>;
  readonly surface: Surface;
  readonly log: Log;
  /** How programs of a model are checked before they run. */
  readonly check: CheckMode;
  /** The connection's face refuses every tool that may write. */
  readonly readOnly: boolean;
  /** A program that is one plain call needs no guest (mode `hybrid`). */
  readonly plainCallsDirect: boolean;
  /** Whether an emitted value is a content block of MCP. */
  isBlock(value: Json): boolean;
}

/** At most this many matches, whatever a model asks for; more would not fit the answer's budget. */
const SEARCH_LIMIT_MAX = 50;

const PROGRAM: ParamsSchema = {
  type: 'object',
  // Taken whether it is shown or not: the answer then says what is missing.
  properties: { code: { type: 'string' }, session: NAME, language: { enum: PROGRAM_LANGUAGES } },
  required: ['code'],
  additionalProperties: false,
};

const ARGUMENTS: Readonly<Record<ToolRole, ParamsSchema>> = {
  search: {
    type: 'object',
    properties: { query: { type: 'string', maxLength: 4_000 }, limit: { type: 'integer' } },
    required: ['query'],
    additionalProperties: false,
  },
  run: PROGRAM,
  runReadOnly: PROGRAM,
};

/** Never rejects: a failure is an answer with `isError`. */
export async function callTool(
  dependencies: ToolCallDependencies,
  name: string,
  callArguments: JsonObject,
  context: RunContext,
): Promise<ToolAnswer> {
  try {
    const role = roleOf(dependencies.surface, name);
    checkParams(ARGUMENTS[role], callArguments, 'arguments');
    return await answer(dependencies, role, callArguments, context);
  } catch (error) {
    return renderError(toErrorBody(error, `tools/call ${name.slice(0, 80)}`, dependencies.log));
  }
}

function roleOf(surface: Surface, name: string): ToolRole {
  const tool = surface.tools.find((candidate) => candidate.name === name);
  if (tool !== undefined) return tool.role;
  const names = surface.tools.map((candidate) => candidate.name);
  const near = nearest(name, names, 1);
  throw new OptimizerError(
    'request.tool',
    `There is no tool ${name.slice(0, 80)}; did you mean ${near[0] ?? names.join(', ')}?`,
    {
      hint: `A function of a server is called inside a program: tools.server.tool(args) in ${names[1]}.`,
      data: { nearest: near },
    },
  );
}

async function answer(
  { engine, check, isBlock, readOnly, plainCallsDirect }: ToolCallDependencies,
  role: ToolRole,
  given: JsonObject,
  context: RunContext,
): Promise<ToolAnswer> {
  switch (role) {
    case 'search': {
      const asked = given.limit as number | undefined;
      const limit = asked === undefined ? undefined : Math.min(Math.max(asked, 1), SEARCH_LIMIT_MAX);
      return renderText(await engine.searchText(given.query as string, limit));
    }
    case 'run':
    case 'runReadOnly': {
      const { code, ...named } = given as { code: string; session?: string; language?: ProgramLanguage };
      const request = { code, ...named, readOnly: readOnly || role === 'runReadOnly', check };
      return renderOutcome(await engine.execute(request, { ...context, plainCallsDirect, audience: 'model' }), isBlock);
    }
  }
}
