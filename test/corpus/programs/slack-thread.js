const { messages } = await tools.slack.slackGetThreadReplies({ channel_id: 'C1', thread_ts: '1234567890.123456' });
const last = messages.at(-1);
await tools.slack.slackReplyToThread({ channel_id: 'C1', thread_ts: '1234567890.123456', text: `Thanks ${last.user}` });
return last.text;
