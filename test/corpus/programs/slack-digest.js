const history = await tools.slack.slack_get_channel_history({ channel_id: 'C123', limit: 50 });
const messages = history.messages ?? history;
const byUser = messages.reduce((acc, m) => {
  acc[m.user] ??= [];
  acc[m.user].push(m.text);
  return acc;
}, {});
const lines = Object.entries(byUser).map(([user, texts]) => `${user}: ${texts.length}`);
await tools.slack.slack_post_message({ channel_id: 'C999', text: lines.join('\n') });
return lines;
