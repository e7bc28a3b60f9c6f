import { describe, expect, it } from 'vitest';
import { MODE_WORDS, modeOf } from '../../src/core/mode.ts';
import { chooseFace, type Faces } from '../../src/protocol/face.ts';

const hot = [{ server: 'a', tool: 'b' }];
const faces: Faces = {
  usual: { mode: 'code', hotSet: hot, readOnly: false },
  profiles: { looking: { readOnly: true }, lean: { mode: 'hybrid', hotSet: [] } },
  clients: { cursor: { mode: 'direct' }, 'agent-*': { profile: 'lean' }, 'agent-x*': { mode: 'direct' } },
};

describe('the face of a connection', () => {
  it.each([
    ['nobody in particular', {}, undefined, faces.usual],
    ['an unknown client', {}, 'other', faces.usual],
    ['a client of the map', {}, 'cursor', { ...faces.usual, mode: 'direct' }],
    ['a client by its beginning', {}, 'agent-7', { mode: 'hybrid', hotSet: [], readOnly: false }],
    ['a client by its longest beginning', {}, 'agent-x7', { ...faces.usual, mode: 'direct' }],
    ['a mode that is asked for', { mode: 'hybrid' }, 'cursor', { ...faces.usual, mode: 'hybrid' }],
    ['a profile that is asked for', { profile: 'looking' }, 'cursor', { ...faces.usual, readOnly: true }],
    ['both', { profile: 'lean', mode: 'code' }, 'cursor', { mode: 'code', hotSet: [], readOnly: false }],
  ] as const)('for %s', (_who, wish, client, face) => {
    expect(chooseFace(faces, wish, client)).toEqual(face);
  });
});

describe('a mode', () => {
  it('has the name of the roadmap beside its own', () => {
    expect(MODE_WORDS.map(modeOf)).toEqual(['code', 'hybrid', 'direct', 'code', 'hybrid', 'direct']);
    expect([modeOf('fast'), modeOf('constructor')]).toEqual([undefined, undefined]);
  });
});
