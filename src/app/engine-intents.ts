/**
 * Intents and batches of the house, put together: the folder and the store behind one library, runs of intents, batches
 * over both, and what a search shows of them.
 */
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { Batches } from '../engine/batch/batches.ts';
import type { BatchRequest, BatchResult } from '../engine/batch/run-batch.ts';
import type { Checker } from '../engine/check/finding.ts';
import type { Executor } from '../engine/execute.ts';
import { Habits } from '../engine/intents/habits.ts';
import type { Intent } from '../engine/intents/intent.ts';
import { type FolderProblem, IntentFolder } from '../engine/intents/intent-folder.ts';
import { IntentLibrary, type SaveRequest } from '../engine/intents/intent-library.ts';
import { type IntentRequest, IntentRuns } from '../engine/intents/intent-runs.ts';
import {
  INTENTS_SERVER,
  intentDeclaration,
  intentSignature,
  type RankedIntent,
} from '../engine/intents/named-intents.ts';
import { RecentPrograms } from '../engine/intents/recent-programs.ts';
import { SavedIntents } from '../engine/intents/saved-intents.ts';
import type { KeptValues } from '../engine/kept-values.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { RunContext } from '../engine/request.ts';
import type { TypeEraser } from '../engine/type-eraser.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { SearchMatch, ToolDescription } from '../protocol/engine-port.ts';
import type { IntentFacts, IntentsPort } from '../protocol/intents-port.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { SearchResult } from '../upstream/search.ts';
import { SEARCH_TOKENS_MAX } from '../upstream/search-text.ts';

/** Intents that one search shows at most, and names that the list of servers carries. */
const SHOWN_MAX = 2;
const LISTED_MAX = 40;
const DEFAULT_TENANT = 'default';

export interface IntentParts {
  readonly config: Config;
  readonly store: Store;
  /** For what may be lost. */
  readonly hints: Store;
  readonly types: TypeEraser;
  readonly checker: Checker;
  readonly redactor: Redactor;
  readonly grants: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/** What the executor needs before it is there, and what is built on it. */
export interface IntentHouse {
  readonly library: IntentLibrary;
  readonly recent: RecentPrograms;
  readonly habits: Habits;
}

export function openIntents({
  config,
  store,
  hints,
  types,
  checker,
  redactor,
  grants,
  clock,
  log,
}: IntentParts): IntentHouse {
  const { sourceBytes: sourceBytesMax, savedIntents: intentsMax } = config.limits;
  const { path, isNamed } = config.intents;
  const folder = new IntentFolder({ path, isNamed, sourceBytesMax, types, clock, log });
  const saved = new SavedIntents({ store, sourceBytesMax, intentsMax, types, log });
  const recent = new RecentPrograms({ store: hints, log, isSecret: (text) => redactor.holds(text) });
  const library = new IntentLibrary({ folder, saved, recent, sourceBytesMax, types, checker, redactor, grants });
  return { library, recent, habits: new Habits(recent) };
}

export interface EngineIntentsParts {
  readonly library: IntentLibrary;
  readonly executor: Executor;
  readonly kept: KeptValues;
  readonly limits: Config['limits'];
  readonly clock: Clock;
  readonly redactor: Redactor;
}

export class EngineIntents implements IntentsPort {
  readonly #library: IntentLibrary;
  readonly #runs: IntentRuns;
  readonly #batches: Batches;
  readonly #redactor: Redactor;

  constructor({ library, executor, kept, limits, clock, redactor }: EngineIntentsParts) {
    this.#library = library;
    this.#redactor = redactor;
    this.#runs = new IntentRuns(executor, library);
    this.#batches = new Batches({ executor, intents: this.#runs, kept, limits, clock });
  }

  executeIntent(request: IntentRequest, context: RunContext): Promise<Outcome> {
    return this.#runs.execute(request, context);
  }

  executeBatch(request: BatchRequest, context: RunContext): Promise<BatchResult> {
    return this.#batches.execute(request, context);
  }

  async list(tenant: string): Promise<readonly IntentFacts[]> {
    return this.#redactor.json(
      (await this.#library.list(tenant)).map(factsOf) as unknown as Json,
    ) as unknown as IntentFacts[];
  }

  /** The intents that answer a search, in the form of its matches. */
  async matches(tenant: string | undefined, query: string, limit: number | undefined): Promise<SearchMatch[]> {
    if (query.trim() === '') return [];
    const most = Math.min(SHOWN_MAX, limit ?? SHOWN_MAX);
    const ranked = await this.#search(tenant, query, most);
    return ranked.map(({ intent }) => ({
      server: INTENTS_SERVER,
      tool: intent.name,
      signature: intentSignature(intent),
      kind: 'intent',
    }));
  }

  /** The text of a search with the intents first; they and the tools share its budget. */
  async withIntents(
    query: string,
    limit: number | undefined,
    tools: SearchResult,
    render: (result: SearchResult, limitTokens: number) => string,
  ): Promise<string> {
    if (query.trim() === '') {
      const names = (await this.#search(undefined, '', LISTED_MAX)).map(({ intent }) => intent.name);
      const list = names.length === 0 ? '' : `\nIntents: ${names.map((name) => `intents.${name}`).join(', ')}`;
      return `${render(tools, SEARCH_TOKENS_MAX)}${list}`;
    }
    const lines = (await this.matches(undefined, query, limit)).map(({ signature }) => signature);
    if (lines.length === 0) return render(tools, SEARCH_TOKENS_MAX);
    // A token is about three and a half characters of a signature.
    const left = SEARCH_TOKENS_MAX - Math.ceil(lines.join('\n').length / 3);
    // Beside the tools and not in their place: a job that an intent does in part needs the tools for the rest.
    const matches = limit === 1 ? [] : tools.matches;
    const [heading = '', ...rest] = render({ ...tools, matches }, left).split('\n');
    const found = `${lines.length} intent${lines.length === 1 ? '' : 's'}`;
    const head = matches.length === 0 ? found : `${found}, ${heading}`;
    return [head, ...lines, ...rest].join('\n');
  }

  /** Rejects with `request.intent`. */
  async describe(tenant: string | undefined, name: string): Promise<ToolDescription> {
    const intent = await this.#library.require(tenant ?? DEFAULT_TENANT, name);
    const declaration = intentDeclaration(intent);
    return { server: INTENTS_SERVER, tool: intent.name, signature: intentSignature(intent), declaration, pinned: true };
  }

  /** One that the command line shows. */
  show(tenant: string, name: string): Promise<Intent> {
    return this.#library.require(tenant, name);
  }

  problems(): Promise<readonly FolderProblem[]> {
    return this.#library.problems();
  }

  /** A store that cannot be reached hides the saved ones from a search; the tools are still found. */
  async #search(tenant: string | undefined, query: string, limit: number): Promise<RankedIntent[]> {
    try {
      return await this.#library.search(tenant ?? DEFAULT_TENANT, query, limit);
    } catch (error) {
      if (error instanceof OptimizerError && error.kind === 'state') return [];
      throw error;
    }
  }

  save(tenant: string, request: SaveRequest): Promise<{ name: string }> {
    return this.#library.save(tenant, request);
  }

  delete(tenant: string, name: string): Promise<{ name: string }> {
    return this.#library.delete(tenant, name);
  }
}

function factsOf({ name, description, params, effect, aliases, source }: Intent): IntentFacts {
  return { name, description, params, effect, aliases, source };
}
