/**
 * Why a component is not loaded, in one sentence for the operator. Thrown by the checks in the translator's thread and in
 * the plugin's worker; it crosses to the main thread as its message, where `prepare.ts` makes `upstream.plugin` of it.
 */
export class PluginRefusal extends Error {
  override readonly name = 'PluginRefusal';
}
