/**
 * Types of results that no server declares, learned from the results that were seen: nine servers of ten say nothing of
 * what their tools answer. Merged over calls, marked "observed in n calls", kept in the store with the hash of the tool's
 * definition and dropped when that changes. Only shapes are kept, never values.
 *
 *   call ─▶ answer to the program ─▶ (later) sample ─▶ fits the declared schema? ─ no, or none ─▶ widen the shape ─▶ store
 *
 * Decision: nothing happens on the way of a call but a counter; the look at the value comes in a later turn of the event
 * loop, and for the first calls of a tool and one in sixteen after them only. A server that breaks its own `outputSchema`
 * is reported; its data is the program's all the same, and what was observed is shown in the place of what it declared.
 */
import type { Json, JsonObject } from '../core/json.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';
import { emptyShape, observe, type Shape, schemaOf } from './observed-shape.ts';
import type { ValueSource } from './results.ts';
import type { ToolDefinition } from './tool-definition.ts';
import { issueLines, validateAgainst } from './validate.ts';

/** What is known of a tool's results by having seen them. */
export interface ObservedResult {
  /** JSON Schema. */
  readonly schema: JsonObject;
  /** Calls that were looked at. */
  readonly calls: number;
  /** The server's own `outputSchema` did not hold. */
  readonly declaredBroken: boolean;
}

/** A tool as this file needs it; the catalogue's tools are such. */
export interface LearnedTool {
  readonly server: string;
  readonly name: string;
  readonly definition: ToolDefinition;
  readonly schemaHash: string;
}

export interface LearnedTypesOptions {
  readonly store: Pick<Store, 'get' | 'set' | 'delete' | 'list'>;
  readonly log: Log;
  /** A shape that holds a secret in its names is not kept. */
  isSecret(text: string): boolean;
}

interface Entry {
  readonly schemaHash: string;
  /** Calls noted, looked at or not. */
  noted: number;
  shape: Shape;
  /** Why the declared schema does not hold, in one sentence. */
  broken: string | undefined;
  observed: ObservedResult | undefined;
}

const NAMESPACE = 'learned-types';
/** Every call of a tool is looked at until then, one in `SAMPLE_EVERY` after. */
const SAMPLE_ALL = 8;
const SAMPLE_EVERY = 16;
/** Values that wait for their look; more are let go. */
const WAITING_MAX = 32;
const TOOLS_MAX = 2_000;
const STORED_CHARS_MAX = 64 * 1024;

export class LearnedTypes {
  readonly #options: LearnedTypesOptions;
  /** By `server/tool`. */
  readonly #entries = new Map<string, Entry>();
  readonly #saving = new Set<Promise<void>>();
  #waiting = 0;

  constructor(options: LearnedTypesOptions) {
    this.#options = options;
  }

  /** What is known of a tool's results; the same object until more is. */
  of(tool: Pick<LearnedTool, 'server' | 'name' | 'schemaHash'>): ObservedResult | undefined {
    const entry = this.#entries.get(keyOf(tool));
    // The hash of a definition is worked out only for tools that something is known of.
    return entry !== undefined && entry.schemaHash === tool.schemaHash ? entry.observed : undefined;
  }

  /** Notes the value of a successful call; returns at once. The value must not change any more. */
  note(tool: LearnedTool, value: Json, source: ValueSource): void {
    const key = keyOf(tool);
    let entry = this.#entries.get(key);
    if (entry?.schemaHash !== tool.schemaHash) {
      if (this.#entries.size >= TOOLS_MAX) return;
      entry = { schemaHash: tool.schemaHash, noted: 0, shape: emptyShape(), broken: undefined, observed: undefined };
      this.#entries.set(key, entry);
    }
    const nth = entry.noted++;
    if ((nth >= SAMPLE_ALL && nth % SAMPLE_EVERY !== 0) || this.#waiting >= WAITING_MAX) return;
    this.#waiting += 1;
    const learned = entry;
    setImmediate(() => {
      this.#waiting -= 1;
      this.#learn(tool, learned, value, source);
    });
  }

  /** Reads what was learned of a server's tools in an earlier life; forgets what belongs to an older definition. */
  async restore(server: string, tools: Iterable<LearnedTool>): Promise<void> {
    const { store, log } = this.#options;
    try {
      const known = new Set(await store.list(NAMESPACE, `${server}/`));
      if (known.size === 0) return;
      for (const tool of tools) {
        const key = keyOf(tool);
        if (!known.has(key) || this.#entries.get(key)?.schemaHash === tool.schemaHash) continue;
        const entry = readEntry((await store.get(NAMESPACE, key))?.text);
        if (entry?.schemaHash === tool.schemaHash) this.#entries.set(key, entry);
        else await store.delete(NAMESPACE, key);
      }
    } catch (error) {
      log.warn({ server, err: error }, 'learned types could not be read');
    }
  }

  /** Servers that break their own `outputSchema`, for people. */
  problems(): Array<{ readonly server: string; readonly message: string }> {
    return [...this.#entries].flatMap(([key, { broken }]) => {
      const slash = key.indexOf('/');
      return broken === undefined
        ? []
        : [{ server: key.slice(0, slash), message: `\`${key.slice(slash + 1)}\`: ${broken}` }];
    });
  }

  /** Resolves when what was learned so far has been stored. */
  async settled(): Promise<void> {
    while (this.#waiting > 0) await new Promise((resolve) => setImmediate(resolve));
    while (this.#saving.size > 0) await Promise.all(this.#saving);
  }

  #learn(tool: LearnedTool, entry: Entry, value: Json, source: ValueSource): void {
    const { log, isSecret } = this.#options;
    try {
      const declared = tool.definition.outputSchema;
      if (declared !== undefined && entry.broken === undefined) {
        entry.broken = breach(declared, value, source);
        if (entry.broken === undefined) return;
        log.warn({ server: tool.server, tool: tool.name, broken: entry.broken }, 'a result breaks its outputSchema');
      }
      const before = JSON.stringify(entry.observed?.schema);
      observe(entry.shape, value);
      const schema = schemaOf(entry.shape);
      const text = JSON.stringify(schema);
      if (isSecret(text)) {
        entry.shape = emptyShape();
        entry.observed = undefined;
        return;
      }
      const calls = entry.shape.seen;
      entry.observed = { schema, calls, declaredBroken: entry.broken !== undefined };
      // What has not changed is written again when its count has doubled.
      if (text !== before || (calls & (calls - 1)) === 0) this.#save(keyOf(tool), entry);
    } catch (error) {
      log.warn({ server: tool.server, tool: tool.name, err: error }, 'a result type could not be learned');
    }
  }

  #save(key: string, { schemaHash, noted, shape, broken }: Entry): void {
    const text = JSON.stringify({ schemaHash, noted, shape, broken: broken === undefined ? null : BROKEN });
    if (text.length > STORED_CHARS_MAX) return;
    const saving = this.#options.store
      .set(NAMESPACE, key, text)
      .catch((error: unknown) => this.#options.log.warn({ err: error }, 'a learned type could not be kept'))
      .finally(() => this.#saving.delete(saving));
    this.#saving.add(saving);
  }
}

/** The stored form says only that a schema was broken: the sentence may quote a value. */
const BROKEN = 'its results have broken the `outputSchema` that it declares';

function keyOf({ server, name }: Pick<LearnedTool, 'server' | 'name'>): string {
  return `${server}/${name}`;
}

function breach(declared: JsonObject, value: Json, source: ValueSource): string | undefined {
  if (source !== 'structured') return 'declares an `outputSchema`, but answers without `structuredContent`';
  const issues = validateAgainst(declared, value);
  if (issues.length === 0) return undefined;
  const said = issueLines(issues.slice(0, 3)).join('; ').slice(0, 300);
  return `a result breaks the \`outputSchema\` that it declares: ${said}`;
}

function readEntry(text: string | undefined): Entry | undefined {
  if (text === undefined) return undefined;
  try {
    const { schemaHash, noted, shape, broken } = JSON.parse(text) as Entry;
    if (typeof schemaHash !== 'string' || typeof noted !== 'number' || !Array.isArray(shape?.kinds)) return undefined;
    const declaredBroken = typeof broken === 'string';
    return {
      schemaHash,
      noted,
      shape,
      broken: declaredBroken ? broken : undefined,
      observed: { schema: schemaOf(shape), calls: shape.seen, declaredBroken },
    };
  } catch {
    return undefined;
  }
}
