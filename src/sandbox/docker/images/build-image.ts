/**
 * Minimal images from this machine's own files, without a registry: what `images build` makes. Each has a shell (BusyBox
 * where it is installed as a static program, else the machine's `sh` with the usual small programs), and Python or Node on
 * top. Only Linux has the files for it; the image is for this machine's architecture.
 */
import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { OptimizerError } from '../../../core/errors.ts';
import type { ContainerLanguage } from '../../backend.ts';
import type { EngineClient } from '../engine-client.ts';
import { RootFolder } from './root-folder.ts';

const run = promisify(execFile);
const ASK_MS = 20_000;

/** What a script expects to find, where there is no BusyBox. */
const SMALL_PROGRAMS = `
  awk base64 basename cat chmod cmp comm cp cut date dd diff dirname env expr find grep gzip head join ln ls md5sum mkdir
  mkfifo mktemp mv nl od paste printf pwd realpath rm rmdir sed seq sha256sum sleep sort split stat tail tar tee test touch
  tr true false uniq wc xargs`;

/** Parts of Python's library that no program without a screen, a compiler or a package index uses. */
const PYTHON_UNWANTED =
  /\/(?:__pycache__|test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3|config-[^/]+|(?:dist|site)-packages)(?:\/|$)/;

export interface BuildParts {
  readonly engine: EngineClient;
  /** Folders where programs are looked for, as `PATH` has them. */
  readonly searchPath: string;
  readonly platform: NodeJS.Platform;
}

/** Builds and imports the image `name`. Rejects with `sandbox.unavailable` when something for it is not on this machine. */
export async function buildImage(language: ContainerLanguage, name: string, parts: BuildParts): Promise<void> {
  if (parts.platform !== 'linux') {
    throw new OptimizerError('sandbox.unavailable', 'images are built from the files of a Linux machine', {
      hint: 'Name an image that has the interpreter in `backends.docker.images`, for example `python:3.12-slim`.',
    });
  }
  const root = await RootFolder.make();
  try {
    await addShell(root, parts);
    if (language === 'python') await addPython(root, parts);
    if (language === 'node') await addNode(root, parts);
    await parts.engine.importImage(root.tar(), name, ['PATH=/usr/local/bin:/usr/bin:/bin']);
  } finally {
    await root.remove();
  }
}

async function addShell(root: RootFolder, { searchPath }: BuildParts): Promise<void> {
  const busybox = await find('busybox', searchPath);
  if (busybox !== undefined && (await isStatic(busybox))) {
    await root.file(busybox, '/bin/busybox');
    const { stdout } = await run(busybox, ['--list'], { timeout: ASK_MS });
    for (const name of stdout.split('\n')) if (/^[\w[.-]+$/.test(name)) await root.link(`/bin/${name}`, 'busybox');
    return;
  }
  const shell = (await find('dash', searchPath)) ?? (await required('sh', searchPath));
  await root.file(shell, '/bin/sh');
  await root.libraries([shell]);
  for (const name of SMALL_PROGRAMS.split(/\s+/).filter((word) => word !== '')) {
    const path = await find(name, searchPath);
    if (path !== undefined) await root.program(path, name);
  }
}

async function addPython(root: RootFolder, { searchPath }: BuildParts): Promise<void> {
  const python = await required('python3', searchPath);
  const question =
    'import json,os,sys,sysconfig;print(json.dumps({"program":os.path.realpath(sys.executable),"library":sysconfig.get_path("stdlib"),"platform":sysconfig.get_path("platstdlib")}))';
  const { stdout } = await run(python, ['-I', '-c', question], { timeout: ASK_MS });
  const { program, library, platform } = JSON.parse(stdout) as Record<'program' | 'library' | 'platform', string>;
  await root.programAtHome(program, 'python3');
  for (const folder of new Set([library, platform])) {
    await root.tree(folder, (path) => !PYTHON_UNWANTED.test(path.slice(folder.length)));
  }
  const extensions = join(platform, 'lib-dynload');
  const files = await readdir(extensions).catch(() => []);
  await root.libraries(files.filter((file) => file.endsWith('.so')).map((file) => join(extensions, file)));
}

async function addNode(root: RootFolder, { searchPath }: BuildParts): Promise<void> {
  const node = await required('node', searchPath);
  // What is found may be a script or a link; the program itself knows where it is.
  const { stdout } = await run(node, ['-p', 'process.execPath'], { timeout: ASK_MS });
  await root.program(stdout.trim(), 'node');
}

async function isStatic(program: string): Promise<boolean> {
  const said = await run('ldd', [program], { timeout: ASK_MS }).catch(
    (error: { stderr?: string; stdout?: string }) => ({
      stdout: `${error.stdout ?? ''}${error.stderr ?? ''}`,
    }),
  );
  return /not a dynamic executable|statically linked/.test(said.stdout);
}

async function required(name: string, searchPath: string): Promise<string> {
  const path = await find(name, searchPath);
  if (path !== undefined) return path;
  throw new OptimizerError('sandbox.unavailable', `\`${name}\` is not on this machine, or not in PATH`, {
    hint: `Install it, or name an image that has it in \`backends.docker.images\`.`,
  });
}

async function find(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter)) {
    const path = join(folder, name);
    if (folder === '') continue;
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
