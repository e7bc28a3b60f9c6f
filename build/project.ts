/** Where a build reads and writes, and what it is made from. The package's own files are the only source of versions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** All paths are absolute. */
export interface Project {
  /** The checkout: package.json, node_modules. */
  readonly root: string;
  /** Bundles, assets and the executable. */
  readonly work: string;
  /** Downloads and stripped bases, kept between builds; safe to delete. */
  readonly cache: string;
  readonly sources: { readonly main: string; readonly worker: string; readonly prelude: string };
}

export function openProject(): Project {
  const root = join(import.meta.dirname, '..');
  return {
    root,
    work: join(root, 'dist'),
    cache: join(root, 'dist/cache'),
    sources: {
      main: join(root, 'src/main.ts'),
      worker: join(root, 'src/app/guest-worker.ts'),
      prelude: join(root, 'guest/prelude.ts'),
    },
  };
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The package.json in `folder`. */
export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Folder of an installed package. */
export function packageFolder(project: Project, name: string): string {
  return join(project.root, 'node_modules', name);
}

/** The Node version that package.json pins; the same for every target. */
export function pinnedNode(project: Project): string {
  const versions = new Set(Object.values(readManifest(project.root).optionalDependencies ?? {}));
  const [version] = versions;
  if (version === undefined || versions.size !== 1) {
    throw new Error(
      `package.json must pin one Node version for all targets; it names ${[...versions].join(', ') || 'none'}.`,
    );
  }
  return version;
}
