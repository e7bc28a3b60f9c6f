import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { createSurface } from '../../src/protocol/surface.ts';

const FLEET = `azure linear gitlab brave-search notion mongodb firecrawl git sentry circleci desktop-commander hubspot
chrome-devtools kubernetes shopify-dev observability mcp-kubernetes supabase playwright airtable jira github filesystem
memory everything datadog tavily discord context7 sequential-thinking slack puppeteer dbhub gcloud figma google-maps exa
redis postgres`.split(/\s+/);

describe('the surface that a model sees', () => {
  it('costs at most 360 o200k tokens with 39 servers, as a model and as the wire sees it', () => {
    expect(FLEET).toHaveLength(39);
    const { tools, instructions } = createSurface();
    const prompt = tools.map(({ name, description, inputSchema }) => ({
      name,
      description,
      input_schema: inputSchema,
    }));
    const wire = tools.map(({ role: _role, ...tool }) => tool);
    const text = countTokens(instructions(FLEET));
    expect(countTokens(JSON.stringify(prompt)) + text).toBeLessThanOrEqual(360);
    expect(countTokens(JSON.stringify(wire)) + text).toBeLessThanOrEqual(360);
  });

  it('offers other languages only where there is a backend for them, within 400 tokens', () => {
    const languages = ['python', 'shell', 'node'];
    const { tools, instructions } = createSurface('', languages);
    const wire = tools.map(({ role: _role, ...tool }) => tool);
    expect(countTokens(JSON.stringify(wire)) + countTokens(instructions(FLEET))).toBeLessThanOrEqual(400);
    const shown = tools.map(({ inputSchema }) => inputSchema.properties as object);
    expect(shown.map((properties) => 'language' in properties)).toEqual([false, true, true]);
    expect(JSON.stringify(createSurface().tools)).not.toContain('python');
  });

  it('is three tools whose annotations say who may write', () => {
    const { tools } = createSurface();
    expect(tools.map((tool) => [tool.name, tool.annotations])).toEqual([
      ['search_tools', { readOnlyHint: true }],
      ['run_code', { readOnlyHint: false }],
      ['run_code_readonly', { readOnlyHint: true }],
    ]);
  });

  it('puts the prefix before the names, also inside the texts', () => {
    const { tools, instructions } = createSurface('opt_');
    expect(tools.map((tool) => tool.name)).toEqual(['opt_search_tools', 'opt_run_code', 'opt_run_code_readonly']);
    const all = `${JSON.stringify(tools)}${instructions(['a'])}`;
    expect(all).not.toMatch(/(?<!opt_)(search_tools|run_code)/);
  });

  it('tells a model to search, to call tools, to return little, that it may guess, and what there is not', () => {
    const { tools, instructions } = createSurface();
    const all = `${tools.map((tool) => tool.description).join('\n')}\n${instructions(['a'])}`;
    for (const word of [
      'search_tools first',
      'await tools.server.tool(args)',
      'only what you need',
      'a wrong call answers its signature',
      'No fetch, fs, import',
      '"help"',
    ]) {
      expect(all).toContain(word);
    }
    expect(all).not.toMatch(/\d/);
  });

  it('names the servers in one line and stops before the line grows without bound', () => {
    const { instructions } = createSurface();
    expect(instructions(['a', 'b']).split('\n').at(-1)).toBe('Servers: a, b');
    expect(instructions([]).split('\n').at(-1)).toBe('Servers: none configured');
    const many = instructions(Array.from({ length: 2_000 }, (_, index) => `server-${index}`));
    expect(many.length).toBeLessThan(2_400);
    expect(many).toMatch(/… \(empty search lists all\)$/);
  });
});
