const people = [
  { name: 'Ada', role: 'engineer' },
  { name: 'Grace', role: 'admiral' },
];
const created = await tools.memory.create_entities({
  entities: people.map((p) => ({ name: p.name, entityType: 'person', observations: [`works as ${p.role}`] })),
});
await tools.memory.create_relations({
  relations: [{ from: 'Ada', to: 'Grace', relationType: 'knows' }],
});
return created.entities.length;
