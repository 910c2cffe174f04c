-- END of a write: the fences move first, then every tag gets a new token and loses the writer's intent.
--
-- KEYS  {prefix}:f:{kind} one a kind, then {prefix}:v:{tag} one a tag
-- ARGV  1 writer (8 bytes, or empty)  2 life of a token, ms  3 number of fences  4... a new token a key
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local writer, fences = ARGV[1], tonumber(ARGV[3])
for i, key in ipairs(KEYS) do
  local intents = {}
  if i > fences then
    local old = redis.call('GET', key)
    for at = 9, old and #old or 0, 16 do
      local who, till = string.sub(old, at, at + 7), struct.unpack('>I8', string.sub(old, at + 8, at + 15))
      if who ~= writer and till > now then
        intents[#intents + 1] = string.sub(old, at, at + 15)
      end
    end
  end
  redis.call('SET', key, ARGV[i + 3] .. table.concat(intents), 'PX', ARGV[2])
end
return #KEYS
