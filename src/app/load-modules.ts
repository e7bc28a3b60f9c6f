/** Loads the modules that the config names, in their order, and lets each register what it brings. */
import { pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';
import { OptimizerError } from '../core/errors.ts';
import { Extensions } from './extensions.ts';

/** Throws `config.module` for the first module that cannot be used. */
export async function loadModules(paths: readonly string[], base: Extensions | undefined): Promise<Extensions> {
  const extensions = new Extensions(base);
  for (const path of paths) {
    try {
      await registerFrom(path, extensions);
    } catch (error) {
      if (error instanceof OptimizerError) throw within(path, error);
      const reason = error instanceof Error ? error.message : String(error);
      throw new OptimizerError('config.module', `the module ${path} cannot be loaded: ${reason}`, { cause: error });
    }
  }
  return extensions;
}

async function registerFrom(path: string, extensions: Extensions): Promise<void> {
  const module = (await importModule(pathToFileURL(path).href)) as {
    register?: unknown;
    default?: { register?: unknown };
  };
  // A CommonJS module whose exports Node cannot foresee has them under `default`.
  const register = module.register ?? module.default?.register;
  if (typeof register !== 'function') {
    throw new OptimizerError('config.module', `the module exports no function \`register\``, {
      hint: 'Write `export function register({ registerBackend }) { registerBackend(NAME, factory); }`.',
    });
  }
  await register({
    registerBackend: extensions.registerBackend.bind(extensions),
    registerStore: extensions.registerStore.bind(extensions),
    registerExporter: extensions.registerExporter.bind(extensions),
    error: extensions.error.bind(extensions),
  });
}

function within(path: string, { code, message, hint }: OptimizerError): OptimizerError {
  return new OptimizerError(code, `${path}: ${message}`, hint === undefined ? {} : { hint });
}

/** The executable's own `import` knows only what is inside it; a script with the default loader knows the disk as well. */
function importModule(url: string): Promise<unknown> {
  if (!process.getBuiltinModule('node:sea').isSea()) return import(url);
  const load = new Script('(url) => import(url)', {
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }).runInThisContext() as (url: string) => Promise<unknown>;
  return load(url);
}
