/** The recorded tool lists of real servers, read as the product reads them. */
import { readdirSync, readFileSync } from 'node:fs';
import { Catalog } from '../../src/upstream/catalog.ts';
import type { ToolDefinition } from '../../src/upstream/tool-definition.ts';

const folder = new URL('../fixtures/tools-list/', import.meta.url);

export function recordedServers(): Map<string, ToolDefinition[]> {
  const servers = new Map<string, ToolDefinition[]>();
  for (const file of readdirSync(folder).sort()) {
    const { tools } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { tools: ToolDefinition[] };
    servers.set(
      file.replace('.json', ''),
      tools.map((tool) => ({ ...tool, annotations: tool.annotations ?? {} })),
    );
  }
  return servers;
}

export function recordedCatalog(): Catalog {
  const catalog = new Catalog();
  for (const [name, tools] of recordedServers()) catalog.setServer(name, tools);
  return catalog;
}

export function tool(name: string, inputSchema: unknown, more: Partial<ToolDefinition> = {}): ToolDefinition {
  return { name, inputSchema: inputSchema as ToolDefinition['inputSchema'], annotations: {}, ...more };
}
