const { records } = await tools.airtable.list_records({ baseId: 'app1', tableId: 'tbl1', maxRecords: 100, sort: [{ field: 'Name', direction: 'asc' }] });
const open = records.filter((r) => r.fields.Status !== 'Done');
await tools.airtable.update_records({
  baseId: 'app1',
  tableId: 'tbl1',
  records: open.map((r) => ({ id: r.id, fields: { ...r.fields, Reviewed: true } })),
});
return open.map((r) => r.fields['Name']);
