/** The manifest over the tool lists of real servers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/core/json.ts';
import { createManifest, MANIFEST_TOKENS_MAX, type ManifestFacts } from '../../src/engine/manifest.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { topicsOf } from '../../src/upstream/server-topics.ts';

const folder = join(import.meta.dirname, '../fixtures/tools-list');
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => {
    const { tools } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { tools: Array<{ name: string }> };
    const name = file.slice(0, -'.json'.length);
    return {
      name,
      tools: tools.length,
      ...topicsOf(
        name,
        tools.map((tool) => tool.name),
      ),
    };
  });

const tokens = { count: (text: string) => countTokens(text) };

function facts(servers: ManifestFacts['servers']): ManifestFacts {
  return {
    version: '0.1.0',
    mode: 'code',
    modes: ['code', 'hybrid', 'direct'],
    backends: ['quickjs', 'docker'],
    capabilities: [
      'tools',
      'intents',
      'context',
      'console',
      'clock',
      'random',
      'timers',
      'http',
      'blobs',
      'url',
      'content',
    ],
    limits: DEFAULT_LIMITS,
    servers,
  };
}

const manifestOf = (servers: ManifestFacts['servers']) => createManifest(facts(servers), tokens);
const cost = (servers: ManifestFacts['servers']) => countTokens(JSON.stringify(manifestOf(servers)));

describe('the manifest', () => {
  it('costs at most 200 tokens with any twelve of the real servers, and names each with its count', () => {
    expect(all.length).toBeGreaterThanOrEqual(24);
    for (let start = 0; start < all.length; start += 1) {
      const servers = Array.from(
        { length: 12 },
        (_, index) => all[(start + index * 5) % all.length] as (typeof all)[0],
      );
      const distinct = [...new Map(servers.map((server) => [server.name, server])).values()];
      const manifest = manifestOf(distinct);
      expect(countTokens(canonicalJson(manifest))).toBeLessThanOrEqual(MANIFEST_TOKENS_MAX);
      expect(manifest.more).toBeUndefined();
      for (const { name, tools } of distinct) expect(manifest.servers[name]?.[0]).toBe(tools);
    }
  });

  it('costs at most 200 tokens with any number of servers, and counts those that have no room', () => {
    for (const count of [0, 1, 3, 6, 12, 18, all.length]) {
      expect(cost(all.slice(0, count)), `${count} servers`).toBeLessThanOrEqual(MANIFEST_TOKENS_MAX);
    }
    const manifest = manifestOf(all);
    expect(Object.keys(manifest.servers).length + (manifest.more ?? 0)).toBe(all.length);
  });

  it('says of each server what it handles and what it does with it, as long as there is room', () => {
    const named = (name: string) => all.filter((server) => server.name === name);
    const { servers } = manifestOf([...named('github'), ...named('slack'), ...named('filesystem')]);
    expect(servers).toMatchInlineSnapshot(`
      {
        "filesystem": [
          14,
          "file directory allowed media: read list create edit",
        ],
        "github": [
          26,
          "pull request issue file: get create search list",
        ],
        "slack": [
          8,
          "channel thread user history: get add list post",
        ],
      }
    `);
  });

  it('is the same whatever the order in which the servers came', () => {
    const some = all.slice(0, 12);
    expect(canonicalJson(manifestOf(some.toReversed()))).toBe(canonicalJson(manifestOf(some)));
  });

  it('holds a server of any name', () => {
    const odd = [{ name: '__proto__', tools: 1, things: ['thing'], verbs: [] }];
    expect(canonicalJson(manifestOf(odd))).toContain('"__proto__":[1,"thing"]');
  });
});
