import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { tokenAdvice } from '../../src/app/token-advice.ts';
import { createSurface } from '../../src/protocol/surface.ts';

const advise = (servers: Parameters<typeof tokenAdvice>[0]) => tokenAdvice(servers, { countTokens, toolPrefix: '' });

describe('token advice', () => {
  it('prefers direct calls for a server with two small tools, and us for a large one', () => {
    const small = advise([{ name: 'dice', tools: 2, tokens: 180 }]);
    expect(small.isDirectCheaper).toBe(true);
    const large = advise([{ name: 'github', tools: 26, tokens: 3_800 }]);
    expect(large).toMatchObject({ isDirectCheaper: false, direct: 3_800 });
  });

  it('adds servers up, and compares each as if it were alone', () => {
    const { isDirectCheaper, direct, servers } = advise([
      { name: 'dice', tools: 2, tokens: 180 },
      { name: 'github', tools: 26, tokens: 3_800 },
    ]);
    expect([isDirectCheaper, direct]).toEqual([false, 3_980]);
    expect(servers.map((server) => server.isDirectCheaper)).toEqual([true, false]);
  });

  it('counts the surface that a model is really sent', () => {
    const { tools, instructions } = createSurface();
    const prompt = tools.map(({ name, description, inputSchema }) => ({
      name,
      description,
      input_schema: inputSchema,
    }));
    const { surface } = advise([{ name: 'dice', tools: 2, tokens: 180 }]);
    expect(surface).toBe(countTokens(JSON.stringify(prompt)) + countTokens(instructions(['dice'])));
  });

  it('breaks even where both ways of one look-up cost the same', () => {
    const { surface, breakEven } = advise([{ name: 'dice', tools: 2, tokens: 180 }]);
    const ours = 3 * surface + 2 * 130 + 2 * 40;
    expect(Math.abs(2 * breakEven - ours)).toBeLessThanOrEqual(1);
    expect(advise([{ name: 'a', tools: 1, tokens: breakEven - 1 }]).isDirectCheaper).toBe(true);
    expect(advise([{ name: 'a', tools: 1, tokens: breakEven + 1 }]).isDirectCheaper).toBe(false);
  });

  it('says nothing of no server', () => {
    expect(advise([])).toMatchObject({ isDirectCheaper: false, direct: 0, servers: [] });
  });
});
