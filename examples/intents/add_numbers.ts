export const intent = {
  name: 'add_numbers',
  description: 'Add up a list of numbers.',
  params: {
    type: 'object',
    properties: { numbers: { type: 'array', items: { type: 'number' } } },
    required: ['numbers'],
  },
  effect: 'read',
  aliases: ['sum of numbers'],
};

export default async ({ numbers }: { numbers: number[] }) => {
  let sum = 0;
  for (const number of numbers) {
    const text: string = await tools.everything.getSum({ a: sum, b: number });
    // "The sum of 1 and 2 is 3."
    sum = Number(/is (-?[\d.]*\d)/.exec(text)?.[1]);
  }
  return sum;
};
