/**
 * A program's text for a container. Node gets the form that guests get (one async function, types erased, positions kept),
 * with its imports; Python and the shell get the text as it was sent, without the fence that models put around it.
 */
import { OptimizerError } from '../../core/errors.ts';
import { byteLength } from '../../core/json.ts';
import type { ContainerLanguage } from '../../sandbox/backend.ts';
import { normalizeTyped } from '../normalize.ts';
import type { NormalizedProgram } from '../program-forms.ts';
import { codeInProse, withoutFence } from '../program-text.ts';
import type { TypeEraser } from '../type-eraser.ts';

/** Rejects with `limit.source`, and for Node as `normalizeTyped` does. Nothing has run then. */
export async function prepareForContainer(
  code: string,
  language: ContainerLanguage,
  sourceBytesMax: number,
  eraser: Pick<TypeEraser, 'erase'>,
): Promise<NormalizedProgram> {
  if (language === 'node') return normalizeTyped(code, sourceBytesMax, eraser, 'node');
  const bytes = byteLength(code);
  if (bytes > sourceBytesMax) {
    throw new OptimizerError(
      'limit.source',
      `the program is ${bytes} bytes long; the limit sourceBytes is ${sourceBytesMax} bytes`,
    );
  }
  const whole = withoutFence(code);
  const source = codeInProse(whole) ?? whole;
  return { source, javascript: source, lines: source.split('\n').length, insertions: [] };
}
