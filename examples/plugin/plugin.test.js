/**
 * The plugin in the product it is for: a config that pins what was just built, and programs that call it. Needs
 * `mcp-optimizer` on the PATH and `npm run build` before it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'example-plugin-'));
const config = join(folder, 'mcp-optimizer.json');

/** What the command prints with `--json`, also when it fails. */
function optimizer(args, input = '') {
  const options = { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] };
  try {
    return JSON.parse(
      execFileSync('mcp-optimizer', [...args, '--json', '--state', join(folder, 'state.sqlite')], options),
    );
  } catch (error) {
    return JSON.parse(error.stdout);
  }
}

const run = (program) => optimizer(['run', '-', '--config', config], program);

before(() => {
  const path = join(import.meta.dirname, 'plugin.wasm');
  const { sha256 } = optimizer(['plugins', 'verify', path]);
  writeFileSync(config, JSON.stringify({ mcpServers: {}, plugins: { text: { path, sha256 } } }));
});

after(() => rmSync(folder, { recursive: true }));

test('slug makes a name for an address', () => {
  const { value } = run('return await tools.text.slug({ title: "Été à la plage!" })');
  assert.deepEqual(value, { slug: 'ete-a-la-plage' });
});

test('days_until counts from now', () => {
  const { value } = run('return [await tools.text.days_until({ date: "2000-01-01" }), Date.now()]');
  const [{ days }, now] = value;
  assert.equal(days, Math.ceil((Date.parse('2000-01-01') - now) / 86_400_000));
});

test('a date that is none is an answer that says so', () => {
  const { error } = run('return await tools.text.days_until({ date: "soon" })');
  assert.equal(error.code, 'upstream.toolError');
  assert.match(error.message, /"soon" is no date/);
});

test('status is denied where the config allows no host', () => {
  const { error } = run('return await tools.text.status({ url: "https://example.com" })');
  assert.match(error.message, /denied/);
});
