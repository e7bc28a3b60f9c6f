/**
 * Parameters of MCP requests, read before the SDK sees them: the SDK would refuse these with -32603 and a less helpful
 * text. The schemas are open; whatever they do not name is the SDK's business.
 */
import type { JsonObject } from '../core/json.ts';
import { checkParams } from './params.ts';
import type { ParamsSchema } from './schema-parts.ts';

const PARAMS: Readonly<Record<string, ParamsSchema>> = {
  initialize: {
    type: 'object',
    properties: {
      protocolVersion: { type: 'string' },
      capabilities: { type: 'object' },
      clientInfo: {
        type: 'object',
        properties: { name: { type: 'string' }, version: { type: 'string' } },
        required: ['name', 'version'],
      },
    },
    required: ['protocolVersion', 'capabilities', 'clientInfo'],
  },
  'tools/list': { type: 'object', properties: { cursor: { type: 'string' } } },
  'tools/call': {
    type: 'object',
    properties: { name: { type: 'string' }, arguments: { type: 'object' } },
    required: ['name'],
  },
};

/** Why the parameters do not fit (`request.params`), or undefined when they do or nothing is known of the method. */
export function checkMcpParams(method: string, params: JsonObject | undefined): unknown {
  if (!Object.hasOwn(PARAMS, method)) return undefined;
  const schema = PARAMS[method] as ParamsSchema;
  try {
    checkParams(schema, params ?? {});
    return undefined;
  } catch (error) {
    return error;
  }
}
