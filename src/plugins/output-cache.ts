/**
 * Kept outputs of the translator, one file each: translating takes half a second to some seconds, reading a kept output
 * some milliseconds. What is kept is code that runs in our process, so a file counts only when it bears the signature of a
 * key that lies beside it, in a folder that only its owner can open.
 *
 * Decision to know: the signature finds accidents and other users. Who can write as our own user has the key as well, and
 * could change the executable itself.
 *
 *   file: HMAC-SHA-256 (32 bytes) · length of the head (4 bytes, big endian) · head (JSON) · glue · modules
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes, randomHex, sha256Hex } from '../core/crypto.ts';
import type { Log } from '../telemetry/log.ts';
import type { PluginOutput } from './messages.ts';
import { OUTPUT_FORMAT } from './plugin-spec.ts';

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 32;
const ENDING = '.plugin';
/** Outputs that are kept; the oldest go. Each has some megabytes. */
export const OUTPUTS_KEPT_MAX = 16;

interface Head {
  readonly glueBytes: number;
  readonly modules: ReadonlyArray<{ readonly name: string; readonly bytes: number }>;
  readonly imports: readonly string[];
}

export class OutputCache {
  readonly #folder: string;
  readonly #log: Log;

  /** `folder` is made when something is first kept. Nothing here throws: a cache that cannot be used is none. */
  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** The kept output of a component, or undefined. A file that does not bear our signature is removed. */
  async load(sha256: string, memoryBytes: number): Promise<PluginOutput | undefined> {
    const file = this.#fileOf(sha256, memoryBytes);
    try {
      if (!(await this.#isOurs())) return undefined;
      const [key, bytes] = await Promise.all([readFile(join(this.#folder, 'key')), readFile(file)]);
      const output = unpack(bytes, key, nameOf(sha256, memoryBytes));
      if (output !== undefined) return output;
      this.#log.warn({ file }, 'a kept plugin does not bear our signature and is made anew');
      await rm(file, { force: true });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') this.#warn(error);
    }
    return undefined;
  }

  async save(sha256: string, memoryBytes: number, output: PluginOutput): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      if (!(await this.#isOurs())) return;
      const key = await this.#key();
      const file = this.#fileOf(sha256, memoryBytes);
      const temporary = `${file}.${randomHex().slice(0, 8)}.tmp`;
      await writeFile(temporary, pack(output, key, nameOf(sha256, memoryBytes)), { mode: 0o600 });
      await rename(temporary, file);
      await this.#dropOldest();
    } catch (error) {
      this.#warn(error);
    }
  }

  #fileOf(sha256: string, memoryBytes: number): string {
    return join(this.#folder, `${nameOf(sha256, memoryBytes)}${ENDING}`);
  }

  /** A folder of another user, or one that others can open, is not trusted; Windows keeps its profile folders closed. */
  async #isOurs(): Promise<boolean> {
    if (process.platform === 'win32') return true;
    const { uid, mode } = await stat(this.#folder);
    if (uid === process.getuid?.() && (mode & 0o077) === 0) return true;
    this.#log.warn({ folder: this.#folder }, 'plugins are not kept: the folder is open to others');
    return false;
  }

  async #key(): Promise<Uint8Array> {
    const file = join(this.#folder, 'key');
    try {
      await writeFile(file, randomBytes(KEY_BYTES), { mode: 0o600, flag: 'wx' });
      await chmod(file, 0o600);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    }
    return await readFile(file);
  }

  async #dropOldest(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(ENDING));
    if (names.length <= OUTPUTS_KEPT_MAX) return;
    const files = names.map((name) => join(this.#folder, name));
    const ages = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file)).mtimeMs })));
    ages.sort((a, b) => b.at - a.at);
    await Promise.all(ages.slice(OUTPUTS_KEPT_MAX).map(({ file }) => rm(file, { force: true })));
  }

  #warn(error: unknown): void {
    this.#log.warn({ folder: this.#folder, reason: String(error) }, 'plugins cannot be kept');
  }
}

/** What an output depends on; signed with it, so that one kept output cannot stand in the place of another. */
function nameOf(sha256: string, memoryBytes: number): string {
  return sha256Hex(JSON.stringify([OUTPUT_FORMAT, sha256, memoryBytes])).slice(0, 32);
}

function pack({ glue, modules, imports }: PluginOutput, key: Uint8Array, name: string): Uint8Array {
  const script = Buffer.from(glue);
  const shape: Head = {
    glueBytes: script.length,
    modules: modules.map((module) => ({ name: module.name, bytes: module.bytes.byteLength })),
    imports,
  };
  const head = Buffer.from(JSON.stringify(shape));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  const body = Buffer.concat([length, head, script, ...modules.map((module) => module.bytes)]);
  return Buffer.concat([signatureOf(body, key, name), body]);
}

function unpack(bytes: Buffer, key: Uint8Array, name: string): PluginOutput | undefined {
  const body = bytes.subarray(SIGNATURE_BYTES);
  if (key.length !== KEY_BYTES || bytes.length < SIGNATURE_BYTES + 4) return undefined;
  if (!timingSafeEqual(bytes.subarray(0, SIGNATURE_BYTES), signatureOf(body, key, name))) return undefined;
  const headEnd = 4 + body.readUInt32BE(0);
  // The signature holds, so this is what `pack` wrote.
  const head = JSON.parse(body.toString('utf8', 4, headEnd)) as Head;
  let at = headEnd + head.glueBytes;
  const glue = body.toString('utf8', headEnd, at);
  const modules = head.modules.map((module) => {
    const from = at;
    at += module.bytes;
    return { name: module.name, bytes: new Uint8Array(body.subarray(from, at)) };
  });
  return { glue, modules, imports: head.imports };
}

function signatureOf(body: Uint8Array, key: Uint8Array, name: string): Buffer {
  return createHmac('sha256', key).update(name).update('\0').update(body).digest();
}
