/**
 * Which interfaces a run may use: all that the config grants, or those that the request names. A request only ever takes
 * away; a name that is not granted here is refused before anything runs, for a typing error must not look like a policy.
 */
import { OptimizerError } from '../core/errors.ts';

/** `all` itself when nothing is asked, so that the common case is known by its identity. Throws `request.params`. */
export function grantsOf(asked: readonly string[] | undefined, all: readonly string[]): readonly string[] {
  if (!asked) return all;
  const unknown = asked.filter((name) => !all.includes(name));
  if (unknown.length === 0) return asked;
  throw new OptimizerError('request.params', `grants: \`${unknown[0]}\` is not a capability of this server`, {
    hint: `Capabilities: ${all.join(', ')}.`,
    data: { path: 'grants' },
  });
}
