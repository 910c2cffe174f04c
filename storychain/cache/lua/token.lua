-- On a cluster, before a load: one tag's token, made if it is missing.
--
-- KEYS  1 {prefix}:v:{tag}
-- ARGV  1 a new token   2 life of a token, ms   3 '1': lapsed intents take the token with them
-- Returns {state, token}: 'free', 'pending' (a writer is at work) or 'lapsed' (one died; nothing was
-- changed, as the fence of the tag's kind, on another server, must move first).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local value = redis.call('GET', KEYS[1])
if not value then
  value = ARGV[1]
  redis.call('SET', KEYS[1], value, 'PX', ARGV[2])
end
local intents, lapsed = {}, false
for at = 9, #value, 16 do
  if struct.unpack('>I8', string.sub(value, at + 8, at + 15)) > now then
    intents[#intents + 1] = string.sub(value, at, at + 15)
  else
    lapsed = true
  end
end
if lapsed and ARGV[3] ~= '1' then
  return {'lapsed', string.sub(value, 1, 8)}
end
if lapsed then
  value = ARGV[1] .. table.concat(intents)
  redis.call('SET', KEYS[1], value, 'PX', ARGV[2])
end
return {#intents > 0 and 'pending' or 'free', string.sub(value, 1, 8)}
