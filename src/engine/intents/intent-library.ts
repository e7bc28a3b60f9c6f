/**
 * What the rest of the engine asks about intents: which are there for a tenant, which one is meant, keep this one. Joins
 * the folder (the operator's, for everybody) and the store (each tenant's own).
 *
 * Decision: a name of the folder cannot be saved over. So a name in the folder needs no look into the store, and nobody's
 * `deploy` becomes another program overnight.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { OptimizerError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { nearest } from '../../core/nearest.ts';
import type { Redactor } from '../../policy/redaction.ts';
import type { Effect } from '../../upstream/server-spec.ts';
import type { Checker, CheckIntent } from '../check/finding.ts';
import { judge } from '../check/verdict.ts';
import type { TypeEraser } from '../type-eraser.ts';
import { checkName, type Intent, NO_PARAMS, readDefinition } from './intent.ts';
import type { FolderProblem, IntentFolder } from './intent-folder.ts';
import { asCheckIntent, NamedIntents, type RankedIntent } from './named-intents.ts';
import { readIntentText } from './read-intent.ts';
import type { RecentPrograms } from './recent-programs.ts';
import type { SavedIntents } from './saved-intents.ts';

export interface IntentLibraryOptions {
  readonly folder: IntentFolder;
  readonly saved: SavedIntents;
  readonly recent: RecentPrograms;
  readonly sourceBytesMax: number;
  readonly types: Pick<TypeEraser, 'erase'>;
  readonly checker: Checker;
  readonly redactor: Redactor;
  /** Interfaces that a program may use: what the check knows. */
  readonly grants: readonly string[];
}

/** What is to be saved: a program, or a run that worked, and what is said of it beside. */
export interface SaveRequest {
  readonly name: string;
  readonly code?: string;
  readonly executionId?: string;
  readonly description?: string;
  readonly params?: JsonObject;
  readonly effect?: Effect;
  readonly aliases?: readonly string[];
}

/** Tables of names kept in memory, one for each tenant that has called. */
const TENANTS_MAX = 256;
const NEVER = new AbortController().signal;
/** Each waits for the checker by itself, for a second and a half at most. */
const CHECK_ATTEMPTS = 6;
const CHECK_PAUSE_MS = 100;

export class IntentLibrary {
  readonly #options: IntentLibraryOptions;
  readonly #tables = new LRUCache<string, { readonly parts: readonly Intent[]; readonly table: NamedIntents }>({
    max: TENANTS_MAX,
  });

  constructor(options: IntentLibraryOptions) {
    this.#options = options;
  }

  /** Folder first, then the tenant's own. Rejects with `state.unavailable`. */
  async list(tenant: string): Promise<readonly Intent[]> {
    return (await this.#table(tenant)).all;
  }

  /** Files of the folder that are no intents. */
  problems(): Promise<readonly FolderProblem[]> {
    return this.#options.folder.problems();
  }

  /** By name or alias. Rejects with `request.intent` and the nearest names. */
  async require(tenant: string, name: string): Promise<Intent> {
    const found = await this.#byName(tenant, name);
    if (found !== undefined) return found;
    const table = await this.#table(tenant);
    const named = table.named(name);
    if (named !== undefined) return named;
    throw unknown(
      name,
      nearest(
        name,
        table.all.map((intent) => intent.name),
        3,
      ),
      table,
    );
  }

  async forCheck(tenant: string): Promise<readonly CheckIntent[]> {
    return (await this.#table(tenant)).all.map(asCheckIntent);
  }

  /** By name, alias or plain words. Rejects with `request.intent` and the nearest three when it is not clear which is meant. */
  async route(tenant: string, asked: string): Promise<Intent> {
    const found = await this.#byName(tenant, asked);
    if (found !== undefined) return found;
    const table = await this.#table(tenant);
    const answer = table.route(asked);
    if ('intent' in answer) return answer.intent;
    throw unknown(
      asked,
      answer.nearest.map(({ name }) => name),
      table,
    );
  }

  /** The intents that answer the words, best first; all of them for no words. */
  async search(tenant: string, words: string, limit: number): Promise<RankedIntent[]> {
    const table = await this.#table(tenant);
    if (words.trim() === '') return table.all.slice(0, limit).map((intent) => ({ intent, score: 1 }));
    return table.rank(words, limit);
  }

  /** Checks and keeps. Rejects with `request.params`, `program.*`, `check.types`, `state.missing` or `limit.intents`. */
  async save(tenant: string, request: SaveRequest): Promise<{ name: string }> {
    const { folder, saved, redactor, checker, grants, sourceBytesMax, types } = this.#options;
    const name = checkName(request.name, 'params.name');
    if ((await folder.intents()).has(name)) {
      throw new OptimizerError(
        'request.params',
        `\`params.name\`: the folder of the config has the intent \`${name}\``,
        {
          hint: 'Choose another name, or change the file.',
          data: { path: 'params.name' },
        },
      );
    }
    const basis = await this.#basis(tenant, request);
    if (redactor.holds(basis.code)) {
      throw new OptimizerError('request.params', '`params.code`: the program holds a secret of the config', {
        hint: 'Let a server use the secret; a program need not know it.',
        data: { path: 'params.code' },
      });
    }
    const { program, said } = await readIntentText(basis.code, sourceBytesMax, types);
    const { name: _own, ...own } = said ?? {};
    const told: Record<string, Json | undefined> = {
      description: request.description,
      params: request.params,
      effect: request.effect,
      aliases: request.aliases === undefined ? undefined : [...request.aliases],
    };
    const defined = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)) as JsonObject;
    const fallback: JsonObject = { description: descriptionOf(name), params: NO_PARAMS, ...basis.said };
    const definition = readDefinition({ ...fallback, ...own, ...defined, name }, 'params');
    const text = program.typed ?? program.javascript;
    // It may call itself.
    const self: Intent = { ...definition, source: 'saved', code: basis.code, program };
    const others = (await this.list(tenant)).filter((intent) => intent.name !== name);
    const intents = [...others, self].map(asCheckIntent);
    const asked = { text, isTypeScript: program.typed !== undefined, grants, intents };
    const { refusal } = await judge({ check: patient(checker) }, 'error', asked, NEVER);
    if (refusal !== undefined) throw refusal;
    await saved.save(tenant, definition, basis.code);
    return { name };
  }

  /** Forgets one that the tenant has saved. Rejects with `request.intent`, and with `request.params` for one of the folder. */
  async delete(tenant: string, name: string): Promise<{ name: string }> {
    if (await this.#options.saved.delete(tenant, name)) return { name };
    if ((await this.#options.folder.intents()).has(name)) {
      throw new OptimizerError('request.params', `\`params.name\`: \`${name}\` is a file of the folder`, {
        hint: 'Remove the file.',
        data: { path: 'params.name' },
      });
    }
    await this.require(tenant, name);
    throw unknown(name, [], await this.#table(tenant));
  }

  /** The program that is saved, with what is known of it. */
  async #basis(tenant: string, { code, executionId }: SaveRequest): Promise<{ code: string; said: JsonObject }> {
    if ((code === undefined) === (executionId === undefined)) {
      throw new OptimizerError('request.params', '`params`: expected either `code` or `executionId`', {
        data: { path: 'params' },
      });
    }
    if (code !== undefined) return { code, said: {} };
    const { code: kept, ...said } = await this.#options.recent.find(tenant, executionId as string);
    return { code: kept, said };
  }

  /** By the own name alone: the quick way, with one read of the store at most. */
  async #byName(tenant: string, name: string): Promise<Intent | undefined> {
    if (!/^[\w$]{1,64}$/.test(name)) return undefined;
    return (await this.#options.folder.intents()).get(name) ?? (await this.#options.saved.find(tenant, name));
  }

  async #table(tenant: string): Promise<NamedIntents> {
    const folder = await this.#options.folder.intents();
    const saved = await this.#options.saved.list(tenant);
    const parts = [...folder.values(), ...saved.filter(({ name }) => !folder.has(name))];
    const known = this.#tables.get(tenant);
    if (known?.parts.length === parts.length && parts.every((intent, index) => intent === known.parts[index])) {
      return known.table;
    }
    const table = new NamedIntents(parts);
    this.#tables.set(tenant, { parts, table });
    return table;
  }
}

/** A run does not wait long for a checker that is still starting; whoever saves a program does. */
function patient(checker: Checker): Checker['check'] {
  return async (request) => {
    for (let attempt = 1; ; attempt++) {
      const report = await checker.check(request);
      if (report.checked || attempt === CHECK_ATTEMPTS) return report;
      await sleep(CHECK_PAUSE_MS);
    }
  };
}

/** What an intent is called that nobody has described. */
function descriptionOf(name: string): string {
  const words = name.replace(/[_$]+/g, ' ').trim() || name;
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
}

function unknown(asked: string, near: readonly string[], table: NamedIntents): OptimizerError {
  const shown = asked.length > 80 ? `${asked.slice(0, 79)}…` : asked;
  const names = near.map((name) => `\`${name}\``).join(', ');
  const message =
    table.all.length === 0
      ? `there are no intents, and ${JSON.stringify(shown)} was asked for`
      : near.length === 0
        ? `no intent is called ${JSON.stringify(shown)}`
        : `${JSON.stringify(shown)} does not say for sure which intent is meant; nearest: ${names}`;
  return new OptimizerError('request.intent', `${message}; nothing ran`, {
    ...(near.length === 0 ? {} : { hint: 'Ask again with one of these names.' }),
    data: { asked: shown, nearest: [...near] },
  });
}
