(async () => {
  const users = await tools.slack.slack_get_users({ limit: 200 });
  return users.members.filter((u) => !u.is_bot && !u.deleted).length;
})();
