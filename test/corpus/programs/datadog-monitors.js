const monitors = await tools.datadog.get_monitors({ groupStates: ['alert', 'warn'], tags: ['team:core'] });
return monitors.map((m) => m.name);
