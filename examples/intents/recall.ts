export const intent = {
  name: 'recall',
  description: 'Recall what is remembered about something or somebody.',
  params: {
    type: 'object',
    properties: { about: { type: 'string', description: 'A name or a word.' } },
    required: ['about'],
  },
  effect: 'read',
  aliases: ['what do we know about', 'remembered facts'],
};

export default async ({ about }: { about: string }) => {
  const { entities } = await tools.memory.search_nodes({ query: about });
  return Object.fromEntries(
    entities.map(({ name, observations }: { name: string; observations: string[] }) => [name, observations]),
  );
};
