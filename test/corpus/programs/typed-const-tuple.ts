const locations = ['New York', 'Chicago', 'Los Angeles'] as const;
const temperatures = await Promise.all(
  locations.map(async (location) => {
    const weather = await tools.everything.getStructuredContent({ location });
    return [location, weather.temperature] as const;
  }),
);
return Object.fromEntries(temperatures);
