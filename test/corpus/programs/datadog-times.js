const to = Math.floor(Date.now() / 1000);
const from = to - 3600;
const series = await tools.datadog.query_metrics({ from, to, query: 'avg:system.cpu.user{*}' });
const points = series.series?.[0]?.pointlist ?? [];
const mean = points.reduce((s, [, v]) => s + v, 0) / (points.length || 1);
return Number(mean.toFixed(2));
