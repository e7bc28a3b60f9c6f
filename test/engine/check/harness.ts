/** Checks programs against the recorded tool lists, in this thread: what the checker's thread would answer. */
import { makeLibrary } from '../../../build/checker.ts';
import { INTERFACES } from '../../../src/bindings/generated/interfaces.ts';
import { ambientFor } from '../../../src/engine/check/ambient.ts';
import { type CheckServer, declareMentioned } from '../../../src/engine/check/declare.ts';
import type { Finding } from '../../../src/engine/check/finding.ts';
import type { ThreadRequest } from '../../../src/engine/check/messages.ts';
import { ProgramChecker } from '../../../src/engine/check/program-checker.ts';
import type { Catalog } from '../../../src/upstream/catalog.ts';
import { recordedCatalog } from '../../upstream/fixture-catalog.ts';

export const GRANTS = Object.keys(INTERFACES);
export const library = makeLibrary(new URL('../../../node_modules/typescript/lib', import.meta.url).pathname);

export function serversOf(catalog: Catalog): CheckServer[] {
  const tools = [...catalog.tools()];
  return catalog
    .servers()
    .map(({ name, alias }) => ({ name, alias, tools: tools.filter((tool) => tool.server === name) }));
}

const recorded = serversOf(recordedCatalog());
const checker = new ProgramChecker(library);

export function requestFor(text: string, isTypeScript = false, servers = recorded): ThreadRequest {
  return { id: 1, text, isTypeScript, ambient: ambientFor(GRANTS), ...declareMentioned(text, servers) };
}

export function check(text: string, isTypeScript = false, servers = recorded): readonly Finding[] {
  return checker.check(requestFor(text, isTypeScript, servers));
}
