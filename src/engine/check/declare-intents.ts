/**
 * The tenant's intents as the check sees them: one more interface beside those of the servers, so that names, parameters and
 * forgotten `await`s are looked at by the same rules.
 */
import { memberKey } from '../../upstream/names.ts';
import { declarationParts } from '../../upstream/signature.ts';
import { withoutUnknown } from './ambient.ts';
import type { CheckIntent } from './finding.ts';
import type { ThreadServer } from './messages.ts';

const TYPE = '$Intents';

export function declareIntents(intents: readonly CheckIntent[]): {
  declarations: string;
  servers: Record<string, ThreadServer>;
} {
  const taken = new Set<string>();
  const types: string[] = [];
  const members: string[] = [];
  const tools: ThreadServer['tools'] & Record<string, unknown> = Object.create(null);
  for (const intent of intents) {
    const parts = declarationParts(intent, `$Intent${members.length}`, taken);
    types.push(withoutUnknown(parts.types));
    const call = /\(args\??: [^\n]*;$/m.exec(withoutUnknown(parts.members))?.[0] ?? '(args?: any): Promise<any>;';
    const said = { id: `intents.${intent.name}`, mayWrite: intent.effect === 'write', signature: intent.signature };
    for (const name of intent.names) {
      if (Object.hasOwn(tools, name)) continue;
      members.push(`${memberKey(name)}${call}`);
      Object.assign(tools, { [name]: said });
    }
  }
  const declarations = `${types.join('\n')}\ninterface ${TYPE} {\n${members.join('\n')}\n}\ndeclare const intents: ${TYPE};\n`;
  return { declarations, servers: { [TYPE]: { name: 'intents', tools, isIntents: true } } };
}
