/**
 * `npm run build:docs`: writes the documents that are made from tables in the code, so that table and page cannot differ.
 * A test compares them with what this would write, so a change of the code without a run of this script fails.
 *
 *   src/core/errors.ts ─▶ docs/errors.md      src/sandbox/limits.ts ─▶ docs/limits.md
 *   src/protocol/schema.ts ─▶ docs/protocol.schema.json      bench/results ─▶ docs/performance.md
 */
import { join } from 'node:path';
import { protocolSchema } from '../src/protocol/schema.ts';
import { errorsDocument } from './docs/errors.ts';
import { limitsDocument } from './docs/limits.ts';
import { performanceDocument } from './docs/performance.ts';
import { readSourceTexts } from './docs/source-texts.ts';
import { writeWhole } from './files.ts';
import { openProject } from './project.ts';

/** Texts of the generated documents by their path from the root of the repository. */
export function generateDocs(root = openProject().root): ReadonlyMap<string, string> {
  const sources = readSourceTexts(root);
  return new Map([
    ['docs/errors.md', errorsDocument(sources)],
    ['docs/limits.md', limitsDocument(sources)],
    ['docs/performance.md', performanceDocument(root)],
    ['docs/protocol.schema.json', `${JSON.stringify(protocolSchema(), null, 2)}\n`],
  ]);
}

if (import.meta.main) {
  const { root } = openProject();
  for (const [path, text] of generateDocs(root)) {
    console.log(`${writeWhole(join(root, path), text) ? 'wrote' : 'kept '} ${path}`);
  }
}
