// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of config files are written in this way.
/** Whatever stands in the file, the answer is a config or one of our errors that names a place in the file. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfigText } from '../../src/config/parse.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import { LIMITS } from '../../src/sandbox/limits.ts';
import { type ProblemData, World } from './world.ts';

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => {
  world.remove();
});

const KEYS = [
  'mcpServers',
  'servers',
  'limits',
  'pool',
  'log',
  'state',
  'mode',
  'toolPrefix',
  'tools',
  'env',
  'headers',
];
const SERVER_KEYS = [
  'type',
  'command',
  'args',
  'url',
  'serverUrl',
  'effects',
  'era',
  'disabled',
  'timeoutMs',
  'envFile',
];
const key = fc.constantFrom(...KEYS, ...SERVER_KEYS, ...Object.keys(LIMITS), 'constructor', 'toString', '');
const leaf = fc.oneof(
  fc.constantFrom('stdio', 'http', 'npx', 'https://x.y', '${env:X}', '${', '\u0000', 'code', 'off'),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string(),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  ),
}));

async function outcomeOf(content: unknown): Promise<'config' | ProblemData[]> {
  try {
    await world.loadJson(content);
    return 'config';
  } catch (error) {
    if (!(error instanceof OptimizerError) || error.kind !== 'config') throw error;
    return (error.data?.problems ?? []) as unknown as ProblemData[];
  }
}

describe('a file of arbitrary JSON', () => {
  it('becomes a config, or problems that each have a place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 4 }), async (content) => {
        const outcome = await outcomeOf(content);
        if (outcome === 'config') return;
        expect(outcome.length).toBeGreaterThan(0);
        for (const problem of outcome) expect(problem.line).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a server whose `type` is no string', () => {
  it.each([[[{ toString: 'stdio' }]], [{ toString: 1 }], [7], [null]])(
    'is a problem with a place: %j',
    async (type) => {
      const outcome = await outcomeOf({ mcpServers: { one: { command: 'x', type } } });
      expect(outcome).not.toBe('config');
      for (const problem of outcome as ProblemData[]) expect(problem.line).toBeGreaterThan(0);
    },
  );
});

describe('a file of arbitrary text', () => {
  it('is parsed, or answered with one problem at a place inside the text', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.array(
        fc.constantFrom('{', '}', '[', ']', '"a"', ':', ',', '1', '//', '/*', '\n', '- ', '&a ', '*a', '<<', 'x'),
        {
          maxLength: 25,
        },
      ),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom('json' as const, 'yaml' as const), async (pieces, format) => {
        const content = typeof pieces === 'string' ? pieces : pieces.join('');
        const parsed = await parseConfigText(content, format);
        for (const problem of parsed.problems) {
          expect(problem.code).toMatch(/^config\.(syntax|key)$/);
          expect(problem.place?.line).toBeLessThanOrEqual(content.split('\n').length);
          expect(problem.place?.column).toBeGreaterThan(0);
        }
        if (parsed.value === undefined) expect(parsed.problems).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
