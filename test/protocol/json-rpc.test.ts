import { describe, expect, it } from 'vitest';
import { idKey, readMessage } from '../../src/protocol/json-rpc.ts';

const read = (text: string) => readMessage(Buffer.from(text));

describe('readMessage', () => {
  it('reads a request, a notification and a response', () => {
    expect(read('{"jsonrpc":"2.0","id":"a","method":"m","params":{"x":1}}')).toEqual({
      kind: 'request',
      request: { jsonrpc: '2.0', id: 'a', method: 'm', params: { x: 1 } },
    });
    expect(read('{"jsonrpc":"2.0","method":"m"}')).toEqual({
      kind: 'notification',
      notification: { jsonrpc: '2.0', method: 'm' },
    });
    expect(read('{"jsonrpc":"2.0","id":1,"result":{}}').kind).toBe('response');
  });

  it('leaves out members that JSON-RPC does not know', () => {
    expect(read('{"jsonrpc":"2.0","id":1,"method":"m","stray":true}')).toEqual({
      kind: 'request',
      request: { jsonrpc: '2.0', id: 1, method: 'm' },
    });
  });

  it.each([
    ['{', null, 'request.parse'],
    ['nonsense', null, 'request.parse'],
    ['[]', null, 'request.invalid'],
    ['[{"jsonrpc":"2.0","id":1,"method":"m"}]', null, 'request.invalid'],
    ['null', null, 'request.invalid'],
    ['7', null, 'request.invalid'],
    ['"text"', null, 'request.invalid'],
    ['{}', null, 'request.invalid'],
    ['{"jsonrpc":"1.0","id":1,"method":"m"}', 1, 'request.invalid'],
    ['{"id":1,"method":"m"}', 1, 'request.invalid'],
    ['{"jsonrpc":"2.0","id":null,"method":"m"}', null, 'request.invalid'],
    ['{"jsonrpc":"2.0","id":1.5,"method":"m"}', null, 'request.invalid'],
    ['{"jsonrpc":"2.0","id":{},"method":"m"}', null, 'request.invalid'],
    ['{"jsonrpc":"2.0","id":true,"method":"m"}', null, 'request.invalid'],
    ['{"jsonrpc":"2.0","id":1}', 1, 'request.invalid'],
    ['{"jsonrpc":"2.0","id":1,"method":5}', 1, 'request.invalid'],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}', 1, 'request.params'],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":null}', 1, 'request.params'],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":"x"}', 1, 'request.params'],
  ])('refuses %s', (text, id, code) => {
    const inbound = read(text);
    expect(inbound.kind).toBe('invalid');
    if (inbound.kind === 'invalid') expect([inbound.id, inbound.error.code]).toEqual([id, code]);
  });

  it('refuses bytes that are not UTF-8', () => {
    const inbound = readMessage(Buffer.from([0x22, 0xff, 0x22]));
    expect(inbound.kind === 'invalid' && inbound.error.message).toBe('The line is not UTF-8.');
  });

  it('survives very deep nesting', () => {
    const inbound = read('['.repeat(1_000_000));
    expect(inbound.kind === 'invalid' && inbound.error.code).toBe('request.parse');
  });

  it('says what came in place of a batch', () => {
    const inbound = read('[]');
    expect(inbound.kind === 'invalid' && inbound.error.message).toBe(
      'A message must be one JSON object, got an array; batches are not accepted.',
    );
  });
});

describe('idKey', () => {
  it('keeps the number 1 and the string "1" apart', () => {
    expect(idKey(1)).not.toBe(idKey('1'));
  });
});
