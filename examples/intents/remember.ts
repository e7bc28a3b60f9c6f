export const intent = {
  name: 'remember',
  description: 'Remember a fact about something or somebody.',
  params: {
    type: 'object',
    properties: {
      about: { type: 'string', description: 'What or whom the fact is about.' },
      fact: { type: 'string' },
      kind: { type: 'string', description: 'For example "person"; "thing" without it.' },
    },
    required: ['about', 'fact'],
  },
  effect: 'write',
  aliases: ['note a fact', 'keep in mind'],
};

export default async ({ about, fact, kind = 'thing' }: { about: string; fact: string; kind?: string }) => {
  const { entities } = await tools.memory.open_nodes({ names: [about] });
  if (entities.length === 0) {
    await tools.memory.create_entities({ entities: [{ name: about, entityType: kind, observations: [fact] }] });
  } else {
    await tools.memory.add_observations({ observations: [{ entityName: about, contents: [fact] }] });
  }
  return `${about}: ${fact}`;
};
