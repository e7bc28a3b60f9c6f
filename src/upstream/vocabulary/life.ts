/** Words of places, travel, weather, homes, music, languages, food and sport. Read by `vocabulary.ts`. */
export const LIFE = `
map, place, location
place, business, restaurant, shop
restaurants, shops, hotels, cafes, places to eat, near me => places, search places, search
address, location, place
address to coordinates, latitude longitude, where is address, coordinates of, lat lng => geocode, coordinates
coordinates, latitude, longitude, lat, lng, geocode
address of coordinates, what is at these coordinates => reverse geocode
directions, route, way, how do i get to, drive to, walk to => directions, route
distance, how far, travel time, driving time, how long to drive, takes to drive, drive there => distance, directions, matrix, duration
elevation, altitude, height, above sea level, how high
traffic, transit, bus, train
opening hours, is it open => place details, details, hours
flight, plane, air travel
flights, fly to, plane tickets, airline tickets, cheap flight => flight, search flights, flights
cheapest, cheap, lowest price, best price => cheapest, price, search
plane delayed, is flight late, flight late, delay, gate => flight status, status
seat, free seats, which seats => seat map, seat
airport, airport code => airport
hotel, lodging, accommodation, place to stay, room for night, stay, where to sleep
place to stay, room for, two nights => hotels, search hotels, listings, search
reserve, book => book, reserve, create, booking
reserve room, book room => book hotel, hotel
booking, reservation
cancel reservation, cancel booking, cancel trip => cancel booking, cancel
my reservation, my trip, itinerary => booking, itinerary, reservation
rent a car, rental car, hire car => car rental, rental, cars
things to do, sights, tours, what to see => activities, attractions, tours
visa, passport
weather, forecast, climate
will it rain, rain, weather tomorrow, weekend weather, snow => forecast, weather
weather now, temperature outside, how warm, how cold, outside now => current weather, weather, current
storm, storm warning, severe weather, warnings => alerts, weather alerts, alert
air, smog, polluted, pollution, pollen => air quality
sunrise, sunset, sun go down, sun come up => sun, sunset
tide, wave, sea, surf => marine, tide
earthquake, flood, hurricane
satellite, orbit
light, lamp, bulb, lights
lamp, lights => light, entity, turn on, turn off
switch off, turn off, light off => turn off, off
switch on, turn on, light on => turn on, on
dim, brighten, brightness => brightness, turn on, light
thermostat, temperature, heating, heater, air conditioning, climate
warmer, colder, cooler, make warmer, heat up, cool down => temperature, set temperature, thermostat, climate
blinds, shutters, curtains, garage door, cover => cover, position
door lock, lock door, locked => lock, state
scene, routine, mood
movie night, good night, morning routine => scene, activate
sensor, reading
when did sensor, last fire, last motion, was door opened => history, state
motion, presence => sensor, state, history
camera, webcam
picture from camera, garden camera, who is at door => camera, snapshot, image
smart home, home automation, smart devices, devices at home => entities, devices, entity, home
when it happens then, rule that turns on, add a rule => automation, create automation
vacuum, robot => vacuum, start
tv, television, media player, speaker => media, player, media control
song, track, music, title
album, record
artist, band, singer, musician
playlist, mix
what song is playing, what is playing, now playing, current song, which song => now playing, currently playing, current track
next song, skip song, skip track, next track => skip next, next, skip
previous song, song before => skip previous, previous
play song, play music, put on music, play => play, start playback, playback
pause music, stop music, pause song => pause, playback
volume, louder, quieter, loudness, turn down, turn up, music down, music up => volume, set volume
favourite artists, favourite songs, my favourites, listen to most, most played => top, top items, top artists
did i listen, listened to, heard yesterday, played lately => recently played, recent, history
liked songs, saved songs, my library => saved, library, liked
songs in playlist, what is in playlist => playlist tracks, tracks, items
put in playlist, song in playlist, song to playlist => add playlist, add tracks, playlist
out of playlist, song from playlist => remove playlist, remove tracks, playlist
coming up, up next, play after => queue
podcast, episode, show
movie, film
tv show, series
watchlist, watch later
book, novel, author
game, match, player
score, result, standings, league table
team, club
recipe, dish, meal
ingredient, food
nutrition, calorie, calories
workout, exercise, training, run, ride
steps, heart rate, sleep
weight, body
translate, translation, in german, in english, in french, into german, into english => translate
language, tongue
what language, which language, language is this => detect language, detect, language
rephrase, reword, formal, more formal, more polite, nicer wording, better wording => rephrase, rewrite, tone, improve
spelling, grammar, typos, proofread => grammar, check, correct
glossary, fixed terms, terminology, term list => glossary
dictionary, meaning of word, define word, definition => dictionary, define, definition
synonym, thesaurus
supported languages, which languages => languages, list
translation quota, characters left => usage
holiday, public holiday
calendar, date
task, chore
shopping list, groceries => list, item, shopping
car, vehicle
battery, charge, charging
unit, units, kilometres, miles => convert, unit
number, arithmetic
quote of the day, joke, fun fact => quote, joke, fact
run, ride, swim, walk, hike => activity, activities
my last runs, my runs, my rides, my workouts, my activities => recent activities, activities
heart rate, pace, power, cadence => streams, heart rate, zones
totals, this year, year to date => stats, totals
laps, lap times, splits
route file, gpx, route for watch, download route => export route, gpx, route
climb, climbs, segment
gear, shoes, bike
read aloud, as mp3, audio of text, narrate => text to speech, speech
clone voice, copy my voice, my own voice => voice clone, clone voice
voices, narrator, speaker => voice, search voices
noise, background noise, clean up audio => isolate audio, noise, denoise
sound effect, sound of => sound effects, sound
make a song, compose, write music, generate music => compose music, generate music, music
transcribe, recording to text, audio to text => speech to text, transcribe, transcription
apartment, flat, house, holiday home => listings, search, accommodation
house rules, amenities => listing details, details
`;
