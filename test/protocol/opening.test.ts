import { Server, SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { describe, expect, it } from 'vitest';
import type { RpcRequest } from '../../src/protocol/json-rpc.ts';
import { capabilitiesOf, greeting, HANDSHAKE_REVISIONS } from '../../src/protocol/opening.ts';
import { type Message, SERVER } from './pipe-harness.ts';

function initialize(protocolVersion: string, meta?: object): RpcRequest {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  return JSON.parse(
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { ...params, _meta: meta } }),
  );
}

/** What the SDK itself answers. */
async function sdkAnswer(request: RpcRequest, mode: 'code' | 'hybrid'): Promise<Message> {
  return await new Promise((resolve) => {
    const transport: Message = {
      start: async () => {},
      close: async () => {},
      send: async (message: Message) => resolve(message),
    };
    serveStdio(() => new Server(SERVER, { capabilities: capabilitiesOf(mode), instructions: 'how to' }), { transport });
    transport.onmessage(request);
  });
}

describe('greeting', () => {
  it.each([...HANDSHAKE_REVISIONS, '2026-07-28', 'nonsense'])('is what the SDK answers to %s', async (revision) => {
    const request = initialize(revision);
    for (const mode of ['code', 'hybrid'] as const)
      expect((await sdkAnswer(request, mode)).result).toEqual(greeting(request, SERVER, 'how to', mode));
  });

  it('leaves the mode `direct` to the SDK, because its instructions are those of servers', () => {
    expect(greeting(initialize('2025-11-25'), SERVER, 'how to', 'direct')).toBeUndefined();
  });

  it('knows the revisions that the SDK knows', () => {
    expect([...HANDSHAKE_REVISIONS]).toEqual(SUPPORTED_PROTOCOL_VERSIONS);
  });

  it('leaves to the SDK what is not a plain handshake', () => {
    const modern = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    expect(greeting(initialize('2026-07-28', modern), SERVER, '', 'code')).toBeUndefined();
    expect(greeting({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, SERVER, '', 'code')).toBeUndefined();
  });
});
