const entity = { name: 'Ada', entityType: 'person', observations: ['first'] } satisfies { name: string; entityType: string; observations: string[] };
const { entities } = await tools.memory.createEntities({ entities: [entity] });
return entities.length;
