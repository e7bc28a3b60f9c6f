/**
 * The file system of an image, gathered from this machine: a folder with copies of programs, of the libraries that `ldd`
 * names for them, and the few files that every system has. What is copied keeps its path, so that it finds itself.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { pack } from 'tar-fs';

const run = promisify(execFile);
const LDD_MS = 30_000;
/** `ldd` is asked about so many files at once. */
const LDD_FILES = 64;

export class RootFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** A fresh folder under the system's temporary one; the caller removes it. */
  static async make(): Promise<RootFolder> {
    const root = new RootFolder(await mkdtemp(join(tmpdir(), 'mcp-optimizer-image-')));
    for (const folder of ['tmp', 'sandbox', 'proc', 'sys', 'dev', 'etc', 'usr/bin', 'bin']) await root.folder(folder);
    await root.text('etc/passwd', 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/sandbox:/bin/sh\n');
    await root.text('etc/group', 'root:x:0:\nnogroup:x:65534:\n');
    return root;
  }

  folder(path: string): Promise<unknown> {
    return mkdir(join(this.path, path), { recursive: true });
  }

  async text(path: string, content: string): Promise<void> {
    await this.folder(dirname(path));
    await writeFile(join(this.path, path), content);
  }

  async link(path: string, to: string): Promise<void> {
    await this.folder(dirname(path));
    await symlink(to, join(this.path, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }

  /** The file that `source` leads to, under `path` or its own. */
  async file(source: string, path: string = source): Promise<void> {
    await this.folder(dirname(path));
    await cp(await realpath(source), join(this.path, path), { force: true });
  }

  /** A whole folder under its own path, without what `isWanted` refuses. */
  async tree(source: string, isWanted: (path: string) => boolean): Promise<void> {
    await this.folder(dirname(source));
    await cp(source, join(this.path, source), { recursive: true, dereference: true, filter: isWanted });
  }

  /** A program with its libraries, in /usr/bin. */
  async program(source: string, name: string = basename(source)): Promise<void> {
    await this.file(source, `/usr/bin/${name}`);
    await this.libraries([source]);
  }

  /** A program that finds its files by its own path, with its libraries; in /usr/bin by a link. */
  async programAtHome(source: string, name: string): Promise<void> {
    await this.file(source);
    if (source !== `/usr/bin/${name}`) await this.link(`/usr/bin/${name}`, source);
    await this.libraries([source]);
  }

  /** The libraries of programs and of other libraries; a file that needs none is no failure. */
  async libraries(files: readonly string[]): Promise<void> {
    const found = new Set<string>();
    for (let at = 0; at < files.length; at += LDD_FILES) {
      const said = await run('ldd', files.slice(at, at + LDD_FILES), { timeout: LDD_MS }).catch(
        (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
      );
      for (const [, path] of said.stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)) found.add(path as string);
    }
    for (const path of found) await this.file(path);
  }

  /** The whole as a tar stream, everything owned by root. */
  tar(): NodeJS.ReadableStream {
    return pack(this.path, {
      map: (header) => Object.assign(header, { uid: 0, gid: 0, mtime: new Date(0) }),
    });
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}
