import { describe, expect, it } from 'vitest';
import { OptimizerError } from '../../src/core/errors.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import { readToolDefinitions } from '../../src/upstream/list-tools.ts';
import { offersOf, readOffers } from '../../src/upstream/offers.ts';
import { hiddenServerError, ServerError, serverErrorOf } from '../../src/upstream/server-error.ts';

describe('what a server offers', () => {
  it('is read from its capabilities, and from where it was kept', () => {
    const offers = offersOf({ tools: {}, resources: { subscribe: true }, prompts: {}, logging: null });
    expect(offers).toEqual(['resources', 'subscribe', 'prompts']);
    expect(readOffers(JSON.parse(JSON.stringify(offers)))).toEqual(offers);
    expect(readOffers(['prompts', 'nonsense'])).toEqual(['prompts']);
    expect(readOffers(undefined)).toBeUndefined();
  });
});

describe('the members of a definition that nobody here reads', () => {
  const read = (more: object) =>
    readToolDefinitions({ tools: [{ name: 'a', inputSchema: { type: 'object' }, ...more }] }).tools[0]?.extra;

  it('are kept as they are', () => {
    const extra = { _meta: { ui: { resourceUri: 'ui://x' } }, icons: [{ src: 'data:,' }] };
    expect(read(extra)).toEqual(extra);
    expect(read({})).toBeUndefined();
  });

  it('are the annotations, too, when some of them are not known', () => {
    expect(read({ annotations: { readOnlyHint: true } })).toBeUndefined();
    const annotations = { readOnlyHint: true, audience: ['user'] };
    expect(read({ annotations })).toEqual({ annotations });
  });

  it('are left out when they are larger than a definition may be', () => {
    expect(read({ _meta: { x: 'y'.repeat(70_000) } })).toBeUndefined();
  });
});

describe('an error of a server', () => {
  it('is found behind ours, with its code, words and data', () => {
    const cause = Object.assign(new Error('No such row'), { data: { id: 7 } });
    const ours = new OptimizerError('upstream.toolError', 'No such…', { data: { rpcCode: -32050 }, cause });
    expect(serverErrorOf(ours)).toMatchObject({ code: -32050, message: 'No such row', data: { id: 7 } });
    expect(serverErrorOf(new OptimizerError('upstream.timeout', 'late', { data: { rpcCode: 1 } }))).toBeUndefined();
    expect(serverErrorOf(new OptimizerError('upstream.toolError', 'isError'))).toBeUndefined();
  });

  it('shows no secret', () => {
    const hidden = hiddenServerError(
      new ServerError(-1, 'key sesame-7', { key: 'sesame-7' }),
      createRedactor(['sesame-7']),
    );
    expect([hidden.code, hidden.message, hidden.data]).toEqual([-1, 'key [redacted]', { key: '[redacted]' }]);
  });
});
