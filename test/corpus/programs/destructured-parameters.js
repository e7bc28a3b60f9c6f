const { relations } = await tools.memory.open_nodes({ names: ['Ada'] });
const arrows = relations.map(({ from, to, relationType }) => `${from} -[${relationType}]-> ${to}`);
const [first = 'none', ...others] = arrows;
return { first, others };
