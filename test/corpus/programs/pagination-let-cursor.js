let cursor = undefined;
const channels = [];
do {
  const page = await tools.slack.slack_list_channels({ limit: 200, cursor });
  channels.push(...page.channels);
  cursor = page.response_metadata?.next_cursor || undefined;
} while (cursor);
return channels.map((c) => ({ id: c.id, name: c.name, members: c.num_members }));
