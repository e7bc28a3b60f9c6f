/**
 * Where a request runs: in which backend, and in what language when that is a container. Nothing is guessed and nothing
 * falls back: a language that no backend here runs is refused by name, and a container is only ever asked for.
 */
import { OptimizerError } from '../../core/errors.ts';
import {
  CONTAINER_LANGUAGES,
  type ContainerLanguage,
  type ContainerWork,
  type SandboxBackend,
} from '../../sandbox/backend.ts';
import type { ExecuteRequest } from '../request.ts';
import { checkFiles, FILES_BYTES_MAX } from './run-files.ts';

export interface RunPlan {
  readonly backend: SandboxBackend;
  /** Undefined = the program is for a guest. */
  readonly container: ContainerWork | undefined;
}

/** The name under which the backend of containers is known. */
export const CONTAINER_BACKEND = 'docker';

/** Throws `sandbox.unavailable` for what is not here, `request.params`, `request.invalidPath` and `limit.files`. */
export function planRun(
  { language: asked, backend: named, files }: Pick<ExecuteRequest, 'language' | 'backend' | 'files'>,
  backends: Readonly<Record<string, SandboxBackend>>,
  defaultBackend: string,
): RunPlan {
  const isContainerLanguage = (CONTAINER_LANGUAGES as readonly unknown[]).includes(asked);
  const name = named ?? (isContainerLanguage ? CONTAINER_BACKEND : defaultBackend);
  if (isContainerLanguage && name !== CONTAINER_BACKEND) {
    throw new OptimizerError('request.params', `language: the backend \`${name}\` does not run ${asked}`, {
      hint: `Leave \`backend\` out, or send \`backend: "${CONTAINER_BACKEND}"\`.`,
      data: { path: 'language' },
    });
  }
  const backend = Object.hasOwn(backends, name) ? backends[name] : undefined;
  if (!backend) throw missing(name, backends, asked);
  if (!isContainerLanguage && name !== CONTAINER_BACKEND) {
    if (files === undefined) return { backend, container: undefined };
    throw new OptimizerError('request.params', 'files: a guest has no files', {
      hint: 'Files move into and out of a container: send `language: "python"`, `"shell"` or `"node"`.',
      data: { path: 'files' },
    });
  }
  // A container by itself means Node: it has what a guest lacks, in the language of guests.
  const language: ContainerLanguage = isContainerLanguage ? (asked as ContainerLanguage) : 'node';
  return { backend, container: { language, ...checkFiles(files), filesBytesMax: FILES_BYTES_MAX } };
}

function missing(
  name: string,
  backends: Readonly<Record<string, SandboxBackend>>,
  language: string | undefined,
): OptimizerError {
  if (name !== CONTAINER_BACKEND) {
    return new OptimizerError('sandbox.unavailable', `there is no backend \`${name}\` here`, {
      hint: `Backends here: ${Object.keys(backends).join(', ')}.`,
    });
  }
  const what = language === undefined ? 'a container' : `${language}`;
  return new OptimizerError('sandbox.unavailable', `no backend here runs ${what}: no container backend is configured`, {
    hint: 'Install Docker, add `"backends": {"docker": {}}` to the config, and make an image with `mcp-optimizer images build` or name one in `backends.docker.images`. TypeScript and JavaScript run without it.',
  });
}
