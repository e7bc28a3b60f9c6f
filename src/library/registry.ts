/**
 * What this process has registered by name. The one state of the package that is not in an object of the embedder: a name
 * is registered once, before the first class that uses it is made, and every class of the process knows it then.
 */
import { type BackendFactory, type ExporterFactory, Extensions, type StoreFactory } from '../app/extensions.ts';

let registered: Extensions | undefined;

/** Programs reach the backend by `backend: NAME`. Throws `config.module` for a name that is taken or none. */
export function registerBackend(name: string, factory: BackendFactory): void {
  extensions().registerBackend(name, factory);
}

/** State is kept in the store by `state: "NAME://…"`. Throws as `registerBackend` does. */
export function registerStore(name: string, factory: StoreFactory): void {
  extensions().registerStore(name, factory);
}

/** Used by a config that has `exporters.NAME`. Throws as `registerBackend` does. */
export function registerExporter(name: string, factory: ExporterFactory): void {
  extensions().registerExporter(name, factory);
}

/** Undefined when nothing has been registered. */
export function registeredExtensions(): Extensions | undefined {
  return registered;
}

function extensions(): Extensions {
  registered ??= new Extensions();
  return registered;
}
