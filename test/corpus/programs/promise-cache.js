const cache = new Map();
function getUser(user_id) {
  if (!cache.has(user_id)) cache.set(user_id, tools.slack.slack_get_user_profile({ user_id }));
  return cache.get(user_id);
}
const history = await tools.slack.slack_get_channel_history({ channel_id: 'C1' });
const names = [];
for (const m of history.messages) {
  const profile = await getUser(m.user);
  names.push(profile.real_name);
}
return [...new Set(names)];
