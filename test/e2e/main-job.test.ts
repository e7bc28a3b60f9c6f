/** `npm start`, without the build before it: the main job on real servers, from the built binary. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { expectedAnswer, makeSampleData } from '../../build/main-job/sample-data.ts';
import { builtBinary } from './world.ts';

const script = fileURLToPath(new URL('../../build/main-job/main-job.ts', import.meta.url));

it('answers rightly, shows its calls and both ledgers, and leaves nothing behind', async () => {
  builtBinary();
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script]);
  expect(stderr).toBe('');
  const { orders, paidTotal, best } = expectedAnswer(makeSampleData());
  expect(stdout).toContain(`{"orders":${orders},`);
  expect(stdout).toContain(`"paidTotal":${paidTotal},`);
  expect(stdout).toContain(`"customer":"${best[0]?.customer}"`);
  expect(stdout).toMatch(/\(Calls: 43 read, 1 write; tokens: \d+, by direct calls [\d,]{6,}\)/);
  expect(stdout).toMatch(/With MCP Optimizer[\s\S]*together +[\d,]+\n[\s\S]*Without[\s\S]*together +[\d,]{6,}\n/);
  // It looks itself for processes that are left, and fails when there is one.
  expect(stdout).toMatch(/\nDone in [\d.]+ s\.\n$/);
});

it('makes the same sample data each time', () => {
  expect(makeSampleData()).toEqual(makeSampleData());
  expect(makeSampleData(7)).not.toEqual(makeSampleData());
  const config = JSON.parse(
    readFileSync(fileURLToPath(new URL('../../dist/main-job/mcp-optimizer.json', import.meta.url)), 'utf8'),
  );
  expect(Object.keys(config.mcpServers)).toEqual(['filesystem', 'memory', 'everything']);
});
