interface Row {
  id: number;
  name: string;
}
const { content } = await tools.filesystem.read_text_file({ path: '/rows.json' });
const rows: Row[] = JSON.parse(content);
const byId = new Map<number, Row>(rows.map((r) => [r.id, r]));
return byId.get(1)?.name ?? null;
