/** `images build [language…]`: images for containers from this machine's own files, under the names that the config has. */
import { openEngine } from '../app/docker.ts';
import { DOCKER_DEFAULTS } from '../config/config.ts';
import { variableOf } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { OptimizerError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { CONTAINER_LANGUAGES, type ContainerLanguage } from '../sandbox/backend.ts';
import { buildImage } from '../sandbox/docker/images/build-image.ts';
import type { CommandContext } from './command-context.ts';

export async function buildImages(context: CommandContext, asked: readonly string[]): Promise<number> {
  const { environment, options, printer } = context;
  const languages = asked.length === 0 ? CONTAINER_LANGUAGES : asked.map(languageOf);
  const config = await loadConfig(options.config === undefined ? {} : { configPath: options.config }, environment);
  const docker = config.docker ?? DOCKER_DEFAULTS;
  const engine = openEngine(docker, environment);
  const searchPath = variableOf(environment, 'PATH') ?? '/usr/local/bin:/usr/bin:/bin';
  // Asked first, so that nothing is gathered for an engine that is not there.
  await engine.facts();
  const made: Record<string, string> = {};
  for (const language of languages) {
    const name = imageName(language, docker.images[language]);
    await printer.during(`building ${name}`, () =>
      buildImage(language, name, { engine, searchPath, platform: environment.platform }),
    );
    made[language] = name;
  }
  const width = Math.max(...languages.map((language) => language.length));
  printer.result({ images: made }, () =>
    languages.map((language) => `${language.padEnd(width)}  ${made[language]}`).join('\n'),
  );
  return 0;
}

function languageOf(word: string): ContainerLanguage {
  const known = CONTAINER_LANGUAGES.find((language) => language === word);
  if (known !== undefined) return known;
  const [close] = nearest(word, CONTAINER_LANGUAGES, 1);
  throw new OptimizerError('request.command', `images build: there is no image for \`${word}\``, {
    hint: close === undefined ? `Images: ${CONTAINER_LANGUAGES.join(', ')}.` : `Did you mean \`${close}\`?`,
  });
}

/** What is built gets a name with a tag; a digest is what others have built. */
function imageName(language: ContainerLanguage, name: string): string {
  if (!name.includes('@') && !/^sha256:/.test(name)) return /:[^/]+$/.test(name) ? name : `${name}:latest`;
  throw new OptimizerError('config.value', `backends.docker.images.${language} is a digest, which nobody can build`, {
    hint: 'Leave it out, or give it a name.',
  });
}
