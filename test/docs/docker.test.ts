/** docs/docker.md: its config loads, its example runs, its bounds are those of the code. */
import { homedir } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';
import { DOCKER_DEFAULTS } from '../../src/config/config.ts';
import { environmentOf } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';
import { KNOWN_KEYS } from '../../src/config/schema.ts';
import { FILES_BYTES_MAX, FILES_COUNT_MAX } from '../../src/engine/containers/run-files.ts';
import { CONTAINERS_MAX } from '../../src/sandbox/docker/backend.ts';
import { OUTPUT_BYTES_MAX } from '../../src/sandbox/docker/container-run.ts';
import { CONTAINER_CPU_MS, CONTAINER_MEMORY_BYTES, PIDS_MAX } from '../../src/sandbox/docker/container-spec.ts';
import { EngineClient } from '../../src/sandbox/docker/engine-client.ts';
import { ADDRESS, ensureImages, IMAGES, withoutDocker } from '../fixtures/docker-engine.ts';
import { BINARY, Folder, readPage, runProgram } from './world.ts';

const page = readPage('docs/docker.md');
const prose = page.prose.join('\n').replaceAll('\n', ' ');
const folder = new Folder();
afterAll(() => folder.remove());
const MiB = 1024 * 1024;

function block(info: string): string {
  const [first] = page.blocks.filter((one) => one.info === info);
  if (first === undefined) throw new Error(`the page has no block ${info}`);
  return first.text;
}

describe('docs/docker.md', () => {
  it('shows a config that loads, and names that the program has', async () => {
    const variables = { HOME: folder.path };
    const environment = environmentOf({
      variables,
      cwd: folder.path,
      homeDirectory: homedir(),
      platform: process.platform,
    });
    const path = folder.write('config.jsonc', block('jsonc config'));
    expect((await loadConfig({ configPath: path }, environment)).docker).toMatchObject({
      poolSize: 2,
      poolWarmup: true,
    });
    const rows = readPage('docs/config.md').prose.join('\n');
    for (const key of KNOWN_KEYS.docker) expect(rows).toContain(`| \`${key}\` |`);
    for (const key of ['poolSize', 'poolWarmup', 'poolCleanupIntervalMs'] as const)
      expect(rows).toContain(`| \`${key}\` | \`${DOCKER_DEFAULTS[key]}\` | ${key === 'poolSize' ? 'containers' : ''}`);
    expect(DOCKER_DEFAULTS.images).toEqual(IMAGES);
  });

  it('names the bounds that the code has', () => {
    expect(prose).toContain(`| memory | ${CONTAINER_MEMORY_BYTES / MiB} MiB without swap`);
    expect(prose).toContain(`| processor | one, and ${CONTAINER_CPU_MS / 1000} s of it`);
    expect(prose).toContain(`| processes | ${PIDS_MAX}, threads included`);
    expect(prose).toContain(`| output | ${OUTPUT_BYTES_MAX / MiB} MiB`);
    expect(prose).toContain(`may have ${FILES_BYTES_MAX / MiB} MiB and ${FILES_COUNT_MAX} files`);
    expect(prose).toContain(`At most ${CONTAINERS_MAX} serve at a time`);
  });

  it.skipIf(withoutDocker)(
    'shows a request that does what it says, and a command that prints what it says',
    async () => {
      await ensureImages(new EngineClient(ADDRESS), ['python', 'shell', 'node']);
      const config = folder.write(
        'mcp-optimizer.json',
        JSON.stringify({ mcpServers: {}, state: 'memory', backends: { docker: { host: ADDRESS.text } } }),
      );
      const request = { jsonrpc: '2.0', id: 1, method: 'optimizer/execute', params: JSON.parse(block('json')) };
      const served = await runProgram(
        BINARY,
        ['serve', '--config', config],
        folder.path,
        `${JSON.stringify(request)}\n`,
      );
      const { result } = JSON.parse(served.stdout);
      expect(result).toMatchObject({ status: 'completed', value: 2 });
      const [, shown = ''] = /`files: (\{.*?\})`/.exec(prose) ?? [];
      expect(result.files).toEqual(JSON.parse(shown));
      const [command = '', ...printed] = block('console')
        .split('\n')
        .map((line) => line.trim());
      expect(command).toBe('$ mcp-optimizer images build');
      const built = await runProgram(BINARY, ['images', 'build', '--config', config], folder.path);
      expect([built.status, built.stdout.trim().split('\n')]).toEqual([0, printed]);
    },
    120_000,
  );
});
