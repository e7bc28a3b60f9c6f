/**
 * `notices.txt`: the licences of everything inside the executable. Which packages are inside is read off the bundles,
 * never listed by hand; only what is no JavaScript input (Node, the engines, the rank list) is named here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from './bundles.ts';
import { writeWhole } from './files.ts';
import { VARIANTS } from './make-assets.ts';
import { type Project, packageFolder, readManifest } from './project.ts';

const RULE = '='.repeat(80);

/** `nodeFolder` is the package of the base executable; undefined for what brings no Node. Answers the number of parts. */
export function makeNotices(project: Project, bundles: readonly Bundle[], nodeFolder: string | undefined): number {
  const folders = new Set(
    bundles.flatMap((bundle) => bundle.inputs.flatMap(packageOf)).map((path) => join(project.root, path)),
  );
  for (const name of [...Object.values(VARIANTS), 'gpt-tokenizer']) folders.add(packageFolder(project, name));
  if (nodeFolder !== undefined) folders.delete(nodeFolder);
  const parts = [...folders].map((folder) => notice(folder)).sort((a, b) => (a.title < b.title ? -1 : 1));
  parts.push({
    title: 'o200k_base token ranks (from openai/tiktoken, through gpt-tokenizer)',
    text: 'MIT License. Copyright (c) 2022 OpenAI, Shantanu Jain',
  });
  if (nodeFolder !== undefined) {
    parts.push({ ...notice(nodeFolder), title: `Node.js ${readManifest(nodeFolder).version}` });
  }
  const own = readFileSync(join(project.root, 'LICENSE'), 'utf8');
  const text = [
    'MCP Optimizer',
    '',
    own.trim(),
    '',
    `The ${nodeFolder === undefined ? 'package' : 'executable'} contains the following software, each under its own licence.`,
    ...parts.flatMap(({ title, text }) => ['', RULE, title, RULE, '', text.trim()]),
    '',
  ].join('\n');
  writeWhole(join(project.work, 'notices.txt'), text);
  return parts.length;
}

/** The package folder of a bundled file, or nothing for a file of ours. */
function packageOf(input: string): string[] {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
  return match?.[1] === undefined ? [] : [match[1]];
}

function notice(folder: string): { title: string; text: string } {
  const manifest = readManifest(folder);
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|notice)/i.test(entry.name))
    .map((entry) => entry.name)
    .sort();
  const text = files.map((name) => readFileSync(join(folder, name), 'utf8').trim()).join('\n\n');
  return {
    title: `${manifest.name} ${manifest.version}${manifest.license === undefined ? '' : ` (${manifest.license})`}`,
    text: text === '' ? `Licence: ${manifest.license ?? 'not stated'}. The package carries no licence text.` : text,
  };
}
