/** Why a component is not loaded, in one sentence for the operator. Crosses threads as its message. */
export class PluginRefusal extends Error {
  override readonly name = 'PluginRefusal';
}
