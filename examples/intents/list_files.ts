export const intent = {
  name: 'list_files',
  description: 'List the files of a folder whose names end in a given way, with their number.',
  params: {
    type: 'object',
    properties: {
      folder: { type: 'string', description: 'Path of the folder.' },
      ending: { type: 'string', description: 'For example ".json"; all files without it.' },
    },
    required: ['folder'],
  },
  effect: 'read',
  aliases: ['files of a folder', 'what is in a folder'],
};

export default async ({ folder, ending = '' }: { folder: string; ending?: string }) => {
  const { content } = await tools.filesystem.list_directory({ path: folder });
  const files = content
    .split('\n')
    .filter((line: string) => line.startsWith('[FILE] ') && line.endsWith(ending))
    .map((line: string) => line.slice('[FILE] '.length));
  return { count: files.length, files };
};
