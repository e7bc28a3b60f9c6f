/** `--version` and `licenses`: what this build is made of. */
import { assetText, buildFacts, type EngineFacts } from '../core/assets.ts';
import type { CommandContext } from './command-context.ts';

export function printVersion({ printer }: CommandContext): void {
  const facts = buildFacts();
  const value = { ...facts, node: process.versions.node };
  printer.result(value, () =>
    [
      `mcp-optimizer ${facts.version}`,
      `node          ${process.versions.node}`,
      `engine        ${engineText(facts.engine)}`,
      `wasm sha256   ${facts.wasmSha256}`,
      ...facts.otherEngines.flatMap((engine) => [
        `or engine     ${engineText(engine)}`,
        `wasm sha256   ${engine.wasmSha256}`,
      ]),
    ].join('\n'),
  );
}

function engineText({ name, version, commit, package: from }: EngineFacts): string {
  return `${name} ${version}${commit === undefined ? '' : `, commit ${commit}`} (${from})`;
}

export function printLicenses({ printer }: CommandContext): void {
  const text = assetText('notices.txt');
  printer.result({ notices: text }, () => text);
}
