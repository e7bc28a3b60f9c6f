/** `backends.docker`: its defaults, what it holds, and what is said of a wrong one. */
import { afterAll, describe, expect, it } from 'vitest';
import { DOCKER_DEFAULTS } from '../../src/config/config.ts';
import { World } from './world.ts';

const world = new World();
afterAll(() => world.remove());

const docker = async (content: object) => (await world.loadJson({ backends: { docker: content } })).docker;

describe('the backend of containers', () => {
  it('is not there without its key, and has every default with an empty one', async () => {
    expect((await world.loadJson({})).docker).toBeUndefined();
    expect(await docker({})).toEqual(DOCKER_DEFAULTS);
  });

  it('takes what the file says over the defaults, image by image', async () => {
    const said = {
      host: 'tcp://h:1',
      images: { python: 'p@sha256:0' },
      poolSize: 0,
      poolWarmup: true,
      runtime: 'runsc',
    };
    expect(await docker(said)).toEqual({
      ...DOCKER_DEFAULTS,
      ...said,
      images: { ...DOCKER_DEFAULTS.images, python: 'p@sha256:0' },
    });
  });

  it.each([
    [{ poolsize: 1 }, 'backends.docker.poolsize', 'poolSize'],
    [{ images: { pyton: 'x' } }, 'backends.docker.images.pyton', 'python'],
  ])('names the nearest key: %j', async (content, path, nearest) => {
    expect(await world.problemsOf({ backends: { docker: content } })).toMatchObject([
      { code: 'config.key', path, nearest: [nearest] },
    ]);
  });

  it.each([
    [{ poolSize: 33 }, 'backends.docker.poolSize'],
    [{ poolCleanupIntervalMs: 5 }, 'backends.docker.poolCleanupIntervalMs'],
    [{ images: { python: '' } }, 'backends.docker.images.python'],
    [{ host: 5 }, 'backends.docker.host'],
  ])('refuses %j', async (content, path) => {
    expect(await world.problemsOf({ backends: { docker: content } })).toMatchObject([{ code: 'config.value', path }]);
  });
});
