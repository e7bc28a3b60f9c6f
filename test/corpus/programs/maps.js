const places = ['Berlin', 'Paris'];
const geo = await Promise.all(places.map((address) => tools['google-maps'].maps_geocode({ address })));
const matrix = await tools.googleMaps.maps_distance_matrix({ origins: ['Berlin'], destinations: ['Paris'], mode: 'driving' });
return { locations: geo.map((g) => g.location), distance: matrix.results?.[0]?.elements?.[0]?.distance?.text };
