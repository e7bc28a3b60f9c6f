const mapLimit = async <T, R>(items: T[], limit: number, fn: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += limit) {
    results.push(...(await Promise.all(items.slice(i, i + limit).map(fn))));
  }
  return results;
};
const infos = await mapLimit(['/a', '/b', '/c'], 2, (path: string) => tools.filesystem.getFileInfo({ path }));
return infos.map((i) => i.content);
