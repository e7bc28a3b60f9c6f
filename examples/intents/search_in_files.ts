export const intent = {
  name: 'search_in_files',
  description: 'Find the lines that hold a text in the files of a folder.',
  params: {
    type: 'object',
    properties: {
      folder: { type: 'string', description: 'Path of the folder.' },
      text: { type: 'string', description: 'What the lines hold.' },
      ending: { type: 'string', description: 'Only files whose names end so.' },
      limit: { type: 'integer', minimum: 1, description: 'Lines at most; 20 without it.' },
    },
    required: ['folder', 'text'],
  },
  effect: 'read',
  aliases: ['grep', 'search a text in files'],
};

interface Search {
  folder: string;
  text: string;
  ending?: string;
  limit?: number;
}

export default async ({ folder, text, ending, limit = 20 }: Search) => {
  const { files } = (await intents.list_files(ending === undefined ? { folder } : { folder, ending })) as {
    files: string[];
  };
  const found = await Promise.all(
    files.map(async (file) => {
      const { content } = await tools.filesystem.read_text_file({ path: `${folder}/${file}` });
      const lines = content.split('\n') as string[];
      return lines.flatMap((line, index) =>
        line.includes(text) ? [{ file, line: index + 1, text: line.trim() }] : [],
      );
    }),
  );
  return found.flat().slice(0, limit);
};
