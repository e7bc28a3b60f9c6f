import { afterEach, describe, expect, it } from 'vitest';
import { spawnEraserThread } from '../../src/app/type-eraser-thread.ts';
import { type EraserThread, TypeEraser } from '../../src/engine/type-eraser.ts';

let eraser: TypeEraser;
afterEach(() => eraser.close());

describe('the type eraser', () => {
  it('starts its thread at the first text and keeps every character at its place', async () => {
    eraser = new TypeEraser({ spawn: spawnEraserThread });
    expect(eraser.running).toBe(false);
    const text = 'const é: "é😀" = "x";\nreturn é as string;'
      .replace('return ', 'f(')
      .replace(' as string;', ' as string);');
    const answer = await eraser.erase(text);
    expect(answer).toMatchObject({ kind: 'erased' });
    const erased = answer.kind === 'erased' ? answer.text : '';
    expect(erased).toHaveLength(text.length);
    expect(erased.indexOf('f(é')).toBe(text.indexOf('f(é'));
    expect(erased).not.toContain('as string');
    expect(eraser.running).toBe(true);
  });

  it('answers texts in the order in which they came', async () => {
    eraser = new TypeEraser({ spawn: spawnEraserThread });
    const answers = await Promise.all(['let a: A', 'let b: B = ;', 'enum C {}'].map((text) => eraser.erase(text)));
    expect(answers).toMatchObject([
      { kind: 'erased', text: 'let a   ' },
      { kind: 'syntax', line: 1, column: 12 },
      { kind: 'unsupported', line: 1, column: 1 },
    ]);
  });

  it('takes a new thread after a text that trapped the eraser', async () => {
    let spawned = 0;
    eraser = new TypeEraser({
      spawn: () => {
        spawned++;
        return spawnEraserThread();
      },
    });
    expect(await eraser.erase(`let a: A = ${'!'.repeat(100_000)}1`)).toEqual({ kind: 'tooDeep' });
    expect(await eraser.erase('let a: A')).toMatchObject({ kind: 'erased' });
    expect(spawned).toBe(2);
  });

  it('gives up on a thread that does not answer, and on one that ends', async () => {
    const silent = new SilentThread();
    eraser = new TypeEraser({ spawn: () => silent, timeoutMs: 5 });
    expect(await eraser.erase('let a: A')).toEqual({ kind: 'tooDeep' });
    expect(silent.terminated).toBe(true);

    const dying = new SilentThread();
    eraser = new TypeEraser({ spawn: () => dying });
    const answer = eraser.erase('let a: A');
    await Promise.resolve();
    dying.exit();
    expect(await answer).toEqual({ kind: 'tooDeep' });
  });

  it('lets its thread go when it is idle, and answers nothing once it is closed', async () => {
    eraser = new TypeEraser({ spawn: spawnEraserThread, idleMs: 1 });
    await eraser.erase('let a: A');
    await expect.poll(() => eraser.running).toBe(false);
    await eraser.close();
    expect(await eraser.erase('let a: A')).toEqual({ kind: 'tooDeep' });
  });
});

class SilentThread implements EraserThread {
  terminated = false;
  #onExit: Array<(code: number) => void> = [];
  postMessage(): void {}
  unref(): void {}
  on(event: string, listener: (value: never) => void): void {
    if (event === 'exit') this.#onExit.push(listener as (code: number) => void);
  }
  async terminate(): Promise<number> {
    this.terminated = true;
    return 0;
  }
  exit(): void {
    for (const listener of this.#onExit) listener(1);
  }
}
