/**
 * The scripts of the Redis keeper. Redis runs each as one step, which is what makes conditional writes safe among any
 * number of processes. Redis 6.2 or later, or Valkey.
 *
 * A namespace is four keys:
 *   M  hash   key → `version:size:expiry:updated:kind`, expiry 0 = never, kind `t` for text, `b` for bytes
 *   V  hash   key → value
 *   X  set    keys that expire, by the instant
 *   B  number bytes of all entries
 *
 * The decision to know: Redis's own clock decides what has expired, so that machines with different clocks agree (a test
 * hands in another one). Expired entries are swept by the next write; a namespace in which everything expires goes as a
 * whole a minute after its last entry, also when nobody writes any more.
 */
import type { RedisScript } from './redis-connection.ts';

/** `ARGV[1]` is the time to believe, or empty for Redis's own. */
const COMMON = `
local M, V, X, B = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local function whole(n) return string.format('%.0f', n) end
local now
if ARGV[1] == '' then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
else
  now = tonumber(ARGV[1])
end
local function facts(key)
  local meta = redis.call('HGET', M, key)
  if not meta then return nil end
  local version, size, expires, updated, kind = string.match(meta, '^(%d+):(%d+):(%d+):(%d+):(%a)$')
  return { version = tonumber(version), size = tonumber(size), expires = tonumber(expires), kind = kind, meta = meta }
end
local function living(key)
  local found = facts(key)
  if found and found.expires > 0 and found.expires <= now then return nil end
  return found
end
local function drop(key)
  local found = facts(key)
  if found then redis.call('DECRBY', B, whole(found.size)) end
  redis.call('HDEL', M, key)
  redis.call('HDEL', V, key)
  redis.call('ZREM', X, key)
end
local function sweep()
  while true do
    local gone = redis.call('ZRANGEBYSCORE', X, '-inf', whole(now), 'LIMIT', 0, 500)
    if #gone == 0 then return end
    for _, key in ipairs(gone) do drop(key) end
  end
end
`;

/** Checks the conditions and writes. `expires` is the instant, 0 for never. */
const WRITE = `
local function conflict(found, wanted)
  local version = found and found.version or 0
  if wanted ~= '' and tonumber(wanted) ~= version then return { 'conflict', whole(version) } end
  return nil
end
local function write(key, value, kind, expires, found, bytesMax, entriesMax)
  local size = #key + #value
  local grows = size - (found and found.size or 0)
  local bytes = tonumber(redis.call('GET', B) or '0')
  local entries = redis.call('HLEN', M)
  local isOverBytes = bytesMax ~= '' and grows > 0 and bytes + grows > tonumber(bytesMax)
  local isOverEntries = entriesMax ~= '' and not found and entries + 1 > tonumber(entriesMax)
  if isOverBytes or isOverEntries then return { 'full', whole(bytes), whole(entries) } end
  local version = (found and found.version or 0) + 1
  if expires > 0 and expires <= now then
    drop(key)
    return { 'ok', whole(version) }
  end
  local meta = table.concat({ whole(version), whole(size), whole(expires), whole(now), kind }, ':')
  redis.call('HSET', M, key, meta)
  redis.call('HSET', V, key, value)
  redis.call('INCRBY', B, whole(grows))
  if expires > 0 then redis.call('ZADD', X, whole(expires), key) else redis.call('ZREM', X, key) end
  if redis.call('HLEN', M) == redis.call('ZCARD', X) then
    local last = redis.call('ZRANGE', X, -1, -1, 'WITHSCORES')
    local left = whole(tonumber(last[2]) - now + 60000)
    for _, name in ipairs(KEYS) do redis.call('PEXPIRE', name, left) end
  else
    for _, name in ipairs(KEYS) do redis.call('PERSIST', name) end
  end
  return { 'ok', whole(version) }
end
local function expiry(ttl, otherwise)
  if ttl == '' then return otherwise end
  return now + math.max(0, math.floor(tonumber(ttl)))
end
`;

const script = (name: string, lua: string): RedisScript => ({ name, lua, keys: 4 });

/** now, key → meta and value, or nothing. */
export const GET = script(
  'Get',
  `${COMMON}
local found = living(ARGV[2])
if not found then return false end
return { found.meta, redis.call('HGET', V, ARGV[2]) }`,
);

/** now, key, value, kind, ttl, ifVersion, namespaceBytesMax, entriesMax → `ok version` | `conflict version` | `full bytes entries`. */
export const PUT = script(
  'Put',
  `${COMMON}${WRITE}
sweep()
local found = living(ARGV[2])
return conflict(found, ARGV[6])
  or write(ARGV[2], ARGV[3], ARGV[4], expiry(ARGV[5], 0), found, ARGV[7], ARGV[8])`,
);

/** now, key, by, ttl, ifVersion, namespaceBytesMax, entriesMax → as PUT, with the sum after the version; `number` and `sum` are refusals. */
export const INCREMENT = script(
  'Increment',
  `${COMMON}${WRITE}
sweep()
local key = ARGV[2]
local found = living(key)
local refused = conflict(found, ARGV[5])
if refused then return refused end
local value = 0
if found then
  local text = redis.call('HGET', V, key)
  if found.kind ~= 't' or not string.match(text, '^-?%d+%.?%d*[eE]?[+-]?%d*$') then return { 'number' } end
  value = tonumber(text)
  if not value then return { 'number' } end
end
local sum = value + tonumber(ARGV[3])
if sum ~= sum or sum == math.huge or sum == -math.huge then return { 'sum' } end
local text
for digits = 15, 17 do
  text = string.format('%.' .. digits .. 'g', sum)
  if tonumber(text) == sum then break end
end
local done = write(key, text, 't', expiry(ARGV[4], found and found.expires or 0), found, ARGV[6], ARGV[7])
if done[1] == 'ok' then done[3] = text end
return done`,
);

/** now, key → 1 when there was a living entry. */
export const DELETE = script(
  'Delete',
  `${COMMON}
local found = living(ARGV[2])
drop(ARGV[2])
return found and 1 or 0`,
);

/** now → how many living entries there were. */
export const CLEAR = script(
  'Clear',
  `${COMMON}
sweep()
local entries = redis.call('HLEN', M)
redis.call('UNLINK', M, V, X, B)
return entries`,
);

/** now → the time that counts, then keys and metas, expired ones included. */
export const ENTRIES = script(
  'Entries',
  `${COMMON}
return { whole(now), redis.call('HGETALL', M) }`,
);
