/**
 * The task of the main job and the program that solves it, as a model would write it after one search: find the folder,
 * read forty files at once, join orders with customers and payment logs, reduce, keep one finding, return a few lines.
 */
export const QUERY = 'list allowed directories, list directory, read text file, create entities in memory';

/** What the program needs and the search has to find; a model may write either spelling of a name. */
export const NEEDED = [
  'filesystem.listAllowedDirectories',
  'filesystem.listDirectory',
  'filesystem.readTextFile',
  'memory.createEntities',
];

export const PROGRAM = `
const { content } = await tools.filesystem.listAllowedDirectories();
const root = content.split('\\n')[1].trim();
const list = async (folder) => {
  const { content } = await tools.filesystem.listDirectory({ path: folder });
  return content.split('\\n').filter((line) => line.startsWith('[FILE] ')).map((line) => folder + '/' + line.slice(7));
};
const read = async (path) => (await tools.filesystem.readTextFile({ path })).content;
const [orderFiles, logFiles] = await Promise.all([list(root + '/orders'), list(root + '/logs')]);
const [csv, days, logs] = await Promise.all([
  read(root + '/customers.csv'),
  Promise.all(orderFiles.map(read)),
  Promise.all(logFiles.map(read)),
]);

const customers = new Map(csv.trim().split('\\n').slice(1).map((row) => {
  const [id, name, region] = row.split(',');
  return [id, { name, region, paid: 0 }];
}));
const refused = new Set([...logs.join('\\n').matchAll(/order=(\\S+) .*payment refused/g)].map((match) => match[1]));
const orders = days.flatMap((day) => JSON.parse(day).orders);
const byRegion = {};
let paidTotal = 0;
for (const order of orders) {
  if (refused.has(order.id)) continue;
  const customer = customers.get(order.customerId);
  const value = order.quantity * order.price;
  customer.paid += value;
  byRegion[customer.region] = (byRegion[customer.region] ?? 0) + value;
  paidTotal += value;
}
const best = [...customers.values()].sort((a, b) => b.paid - a.paid).slice(0, 3)
  .map(({ name, region, paid }) => ({ customer: name, region, paid }));

await tools.memory.createEntities({ entities: [{
  name: 'orders-2026-01', entityType: 'report',
  observations: ['paid in cents: ' + paidTotal, 'best customer: ' + best[0].customer],
}] });
return { orders: orders.length, unpaid: refused.size, paidTotal, byRegion, best };
`.trim();
