/** The binary with `--http`, on a port of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import type { World } from './world.ts';

export class HttpServed {
  readonly ended: Promise<number | null>;
  /** Where it said that it listens. */
  url = '';
  log = '';
  readonly #child: ChildProcess;
  readonly #waiters = new Set<() => void>();
  #isOver = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString('utf8');
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      child.on('close', (status) => {
        this.#isOver = true;
        this.#wake();
        resolve(status);
      });
    });
  }

  static spawn(world: World, config: string, more: readonly string[], env: Record<string, string>): HttpServed {
    const child = spawn(world.binary, ['serve', '--config', config, ...more], {
      cwd: world.folder,
      env: { ...process.env, ...env },
    });
    const served = new HttpServed(child);
    world.onClose(async () => {
      child.kill('SIGTERM');
      await served.ended;
    });
    return served;
  }

  /** Resolves once it listens. */
  static async start(world: World, config: string, more: readonly string[], env: Record<string, string>) {
    const served = HttpServed.spawn(world, config, more, env);
    const listening = /"url":"([^"]+)"[^\n]*listening/;
    await served.until(() => listening.test(served.log));
    served.url = listening.exec(served.log)?.[1] as string;
    return served;
  }

  /** Waits until `fits`; fails, with what was said, when the process ends before. */
  async until(fits: () => boolean): Promise<void> {
    while (!fits()) {
      if (this.#isOver) throw new Error(`The process ended first. stderr:\n${this.log}`);
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }

  /** One request with exactly these headers; `fetch` would set `Host` itself. */
  async request(method: string, path: string, headers: Record<string, string>, body?: string) {
    return await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const asked = httpRequest(new URL(path, this.url), { method, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode, text }));
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  #wake(): void {
    for (const resolve of this.#waiters) resolve();
    this.#waiters.clear();
  }
}
