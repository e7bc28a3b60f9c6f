/**
 * `import` statements as what a function may hold: `import fs, { join as j } from 'node:fs'` becomes
 * `const {default:fs,join:j}=await import('node:fs');` on the line where it begins. For programs that run where there are
 * modules. Pure.
 */
import { type ImportDeclaration, parse } from 'acorn';

/** The statement that stands in the place of `node`, in one line. */
export function importText({ specifiers, source }: ImportDeclaration): string {
  const module = `await import(${JSON.stringify(source.value)})`;
  const named: string[] = [];
  let whole: string | undefined;
  for (const specifier of specifiers) {
    const { name } = specifier.local;
    if (specifier.type === 'ImportNamespaceSpecifier') whole = name;
    else if (specifier.type === 'ImportDefaultSpecifier') named.push(`default:${name}`);
    else {
      const { imported } = specifier;
      named.push(`${imported.type === 'Identifier' ? imported.name : JSON.stringify(imported.value)}:${name}`);
    }
  }
  if (specifiers.length === 0) return `${module};`;
  const parts = [
    ...(whole === undefined ? [] : [`${whole}=${module}`]),
    ...(named.length === 0 ? [] : [`{${named.join(',')}}=${whole ?? module}`]),
  ];
  return `const ${parts.join(',')};`;
}

const STATEMENT = /^[ \t]*import\s+(?!type\b)(?:[\w$*{},\s]+?\s*from\s*)?(['"])[^'"\n]+\1[ \t]*;?/gm;

/**
 * A text in TypeScript, which no parser here reads whole, with its imports as what a function may hold. Lines stay; columns
 * of the lines with an import do not.
 */
export function withInlineImports(text: string): string {
  return text.replace(STATEMENT, (statement) => {
    try {
      const [node] = parse(statement, { ecmaVersion: 2024, sourceType: 'module' }).body;
      if (node?.type !== 'ImportDeclaration') return statement;
      return importText(node) + statement.replace(/[^\n]/g, '');
    } catch {
      return statement;
    }
  });
}
