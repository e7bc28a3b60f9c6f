/** `--version` and `licenses`: what this build is made of. */
import { assetText, buildFacts } from '../core/assets.ts';
import type { CommandContext } from './command-context.ts';

export function printVersion({ printer }: CommandContext): void {
  const facts = buildFacts();
  const value = { ...facts, node: process.versions.node };
  printer.result(value, () =>
    [
      `mcp-optimizer ${facts.version}`,
      `node          ${process.versions.node}`,
      `engine        ${facts.engine.name} ${facts.engine.version}, commit ${facts.engine.commit} (${facts.engine.package})`,
      `wasm sha256   ${facts.wasmSha256}`,
    ].join('\n'),
  );
}

export function printLicenses({ printer }: CommandContext): void {
  const text = assetText('notices.txt');
  printer.result({ notices: text }, () => text);
}
