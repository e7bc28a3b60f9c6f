/**
 * `node build/docs.ts`: writes the documents that are generated from code. A test compares them with what this would
 * write, so a change of the code without a run of this script fails.
 */
import { join } from 'node:path';
import { protocolSchema } from '../src/protocol/schema.ts';
import { writeWhole } from './files.ts';
import { openProject } from './project.ts';

/** Texts of the generated documents by their path from the root of the repository. */
export function generateDocs(): ReadonlyMap<string, string> {
  return new Map([['docs/protocol.schema.json', `${JSON.stringify(protocolSchema(), null, 2)}\n`]]);
}

if (import.meta.main) {
  const { root } = openProject();
  for (const [path, text] of generateDocs()) {
    console.log(`${writeWhole(join(root, path), text) ? 'wrote' : 'kept '} ${path}`);
  }
}
