/**
 * References in strings, replaced by what they stand for. Ours is `${env:NAME}`; the forms that other MCP clients know are
 * read too, so that their files work unchanged:
 *
 *   ${env:NAME}  ${NAME}            the variable; an error when it is not set
 *   ${env:NAME:-text}               `text` when it is not set or empty
 *   ${userHome} ${workspaceFolder} ${workspaceFolderBasename} ${pathSeparator} ${/}
 *   $${                             a literal `${`
 *   ${input:…}  ${secret:…}  ${other:…}   an error that says what to write instead
 *
 * Anything else in `${…}` is left as it is. Keys are not expanded. The decision to know: what a variable held is a secret
 * from here on, unless the variable only says where and who (`HOME`, `PATH`, …).
 */
import { type Environment, isPlainVariable, variableOf } from './environment.ts';
import type { Places } from './places.ts';
import type { Path, Problem } from './problem.ts';

// A `${env:` without its brace is matched too, because nobody means that literally.
const REFERENCE = /\$\$\{|\$\{([^{}]*)\}|\$\{(?:env|input|secret):[^}]*$/g;
/** The form that every hint shows. */
const OURS = '$'.concat('{env:NAME}');
const BARE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export class Expander {
  readonly problems: Problem[] = [];
  /** Values of variables that were put in; not yet cut to those that are worth hiding. */
  readonly secretValues = new Set<string>();
  readonly #environment: Environment;
  readonly #places: Places;
  readonly #touched = new Set<string>();
  readonly #unresolved = new Set<string>();

  constructor(environment: Environment, places: Places) {
    this.#environment = environment;
    this.#places = places;
  }

  /** A copy of `value` with every string expanded. `path` is where `value` stands in the file. */
  expand(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return this.#expandText(value, path);
    if (Array.isArray(value)) return value.map((item, index) => this.expand(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.expand(member, [...path, key])]));
  }

  /** True when the string at `path` holds something that came from a variable and may be a secret. */
  isFromSecret(path: Path): boolean {
    return this.#touched.has(JSON.stringify(path));
  }

  /** True when a reference in the string at `path` could not be replaced, so that its value means nothing. */
  isUnresolved(path: Path): boolean {
    return this.#unresolved.has(JSON.stringify(path));
  }

  #expandText(text: string, path: Path): string {
    if (!text.includes('${')) return text;
    return text.replace(REFERENCE, (whole: string, inside: string | undefined) => {
      if (whole === '$${') return '${';
      if (inside === undefined)
        return this.#fail(whole, path, `\`${whole}\` has no closing brace`, 'Close it with `}`.');
      return this.#valueOf(whole, inside, path);
    });
  }

  #valueOf(whole: string, inside: string, path: Path): string {
    const predefined = this.#predefined(inside);
    if (predefined !== undefined) return predefined;
    const defaultAt = inside.indexOf(':-');
    const head = defaultAt < 0 ? inside : inside.slice(0, defaultAt);
    const fallback = defaultAt < 0 ? undefined : inside.slice(defaultAt + 2);
    const colon = head.indexOf(':');
    if (colon < 0) return BARE_NAME.test(head) ? this.#variable(whole, head, fallback, path) : whole;
    const [kind, name] = [head.slice(0, colon), head.slice(colon + 1)];
    switch (kind) {
      case 'env':
        return this.#variable(whole, name, fallback, path);
      case 'input':
        return this.#failInput(whole, path);
      case 'secret':
        return this.#fail(whole, path, 'a reference to a secret store is not in this version yet', `Use \`${OURS}\`.`);
      default:
        if (!/^[a-z]+$/i.test(kind)) return whole;
        return this.#fail(
          whole,
          path,
          `\`${whole}\` is a reference that only another program can resolve`,
          `Use \`${OURS}\`, or \`$${whole}\` for the literal text.`,
        );
    }
  }

  #variable(whole: string, name: string, fallback: string | undefined, path: Path): string {
    const value = variableOf(this.#environment, name);
    if (fallback !== undefined && (value === undefined || value === '')) return fallback;
    if (value === undefined) {
      this.#unresolved.add(JSON.stringify(path));
      this.problems.push({
        code: 'config.environment',
        message: `the environment variable \`${name}\` is not set (\`${whole}\`)`,
        path,
        place: this.#places.ofValue(path),
        hint: `Set \`${name}\`, or give a default: \`\${env:${name}:-…}\`.`,
        variable: name,
      });
      return whole;
    }
    if (!isPlainVariable(name)) {
      this.#touched.add(JSON.stringify(path));
      this.secretValues.add(value);
    }
    return value;
  }

  #predefined(name: string): string | undefined {
    const { cwd, homeDirectory, paths } = this.#environment;
    switch (name) {
      case 'userHome':
        return homeDirectory;
      case 'workspaceFolder':
        return cwd;
      case 'workspaceFolderBasename':
        return paths.basename(cwd);
      case 'pathSeparator':
      case '/':
        return paths.sep;
      default:
        return undefined;
    }
  }

  #failInput(whole: string, path: Path): string {
    this.#unresolved.add(JSON.stringify(path));
    this.problems.push({
      code: 'config.environment',
      message: `\`${whole}\` asks a person at an editor, and here is nobody to ask`,
      path,
      place: this.#places.ofValue(path),
      hint: `Put the value into an environment variable and write \`${OURS}\`.`,
    });
    return whole;
  }

  #fail(whole: string, path: Path, message: string, hint: string): string {
    this.#unresolved.add(JSON.stringify(path));
    this.problems.push({ code: 'config.value', message, path, place: this.#places.ofValue(path), hint });
    return whole;
  }
}
