let cursor = null;
let all = [];
while (true) {
  const args = { limit: 100 };
  if (cursor) args.cursor = cursor;
  const res = await tools.slack.slackListChannels(args);
  all = all.concat(res.channels || []);
  cursor = res.response_metadata && res.response_metadata.next_cursor;
  if (!cursor) break;
}
return all.length;
