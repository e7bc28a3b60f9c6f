const found = await tools.memory.searchNodes({ query: 'Ada' });
const ada = found.entities.find((e) => e.name === 'Ada')!;
return ada.observations.length;
