async function readJson<T>(path: string): Promise<T> {
  const file = await tools.filesystem.readTextFile({ path });
  return JSON.parse(file.content) as T;
}
type Config = { version: string; features?: string[] };
const config = await readJson<Config>('/config.json');
return config.features?.length ?? 0;
