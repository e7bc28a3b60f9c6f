/**
 * The check of one program, inside the checker's thread: all rules over all nodes, findings in the order of the text.
 * The compiler gives the types; what is a mistake is decided here, because a model's plain JavaScript runs well with much
 * that the compiler would complain about.
 */

import { checkAwaits } from './awaits.ts';
import { checkEnding } from './ending.ts';
import { checkFields, softNames } from './fields.ts';
import type { Finding } from './finding.ts';
import { checkGlobals } from './globals.ts';
import type { ThreadRequest } from './messages.ts';
import { ParsedFiles, Scene, visit } from './scene.ts';
import { checkToolCalls } from './tool-calls.ts';

export class ProgramChecker {
  readonly #library: string;
  readonly #parsed = new ParsedFiles();

  /** `library`: the declarations of the language, as `build/checker.ts` makes them. */
  constructor(library: string) {
    this.#library = library;
  }

  check(request: ThreadRequest): readonly Finding[] {
    const scene = new Scene(request, this.#library, this.#parsed);
    const soft = softNames(scene.file);
    visit(scene.file, (node) => {
      checkFields(scene, node, soft);
      checkToolCalls(scene, node);
      checkAwaits(scene, node);
    });
    checkGlobals(scene);
    checkEnding(scene);
    return scene.findings.sort((a, b) => a.line - b.line || a.column - b.column);
  }
}
