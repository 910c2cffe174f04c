-- BEGIN of a write: every tag gets a new token, and the writer's intent behind it.
--
-- KEYS  {prefix}:v:{tag}      one a tag
-- ARGV  1 writer (8 bytes)    2 life of an intent, ms    3 life of a token, ms    4... a new token a tag
--
-- Value of a tag: token (8 bytes), then 16 bytes an intent: writer, deadline (ms, big endian).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local writer, deadline = ARGV[1], now + tonumber(ARGV[2])
for i, key in ipairs(KEYS) do
  local old, intents = redis.call('GET', key), {}
  if old then
    for at = 9, #old, 16 do
      local who, till = string.sub(old, at, at + 7), struct.unpack('>I8', string.sub(old, at + 8, at + 15))
      if who ~= writer and till > now then
        intents[#intents + 1] = string.sub(old, at, at + 15)
      end
    end
  end
  intents[#intents + 1] = writer .. struct.pack('>I8', deadline)
  redis.call('SET', key, ARGV[i + 3] .. table.concat(intents), 'PX', ARGV[3])
end
return #KEYS
