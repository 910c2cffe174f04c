-- Before a load: what is missing is made, lapsed intents take their token with them, the lease is asked for.
--
-- KEYS  1 {prefix}:epoch   2 {prefix}:l:{key}   then {prefix}:f:{kind} one a fence, then {prefix}:v:{tag} one a tag
-- ARGV  1 owner (8 bytes)  2 life of the lease, ms (0: no lease is asked for)  3 life of a token, ms
--       4 number of fences  5 number of the tags, first in KEYS, for whose tokens the lease is
--       6... a new token a key from KEYS[3] on, and behind them one for the epoch
--       last: for each tag the position in KEYS of its kind's fence, or 0
-- Returns {state, epoch, token, token, ...} with the tokens of the fences and tags in the order of KEYS;
-- state 'lease' (ours), 'lost' (another's) or 'pending' (a writer is at work on one of the tags).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life, fences, count = ARGV[3], tonumber(ARGV[4]), #KEYS - 2
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  -- As epoch.lua writes it, or the next new connection would begin another.
  epoch = ARGV[6 + count] .. string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  redis.call('SET', KEYS[1], epoch)
end
local tokens, pending = {}, false
for i = 1, count do
  local key, value = KEYS[i + 2], redis.call('GET', KEYS[i + 2])
  if not value then
    value = ARGV[i + 5]
    redis.call('SET', key, value, 'PX', life)
  elseif #value > 8 then
    local intents, lapsed = {}, false
    for at = 9, #value, 16 do
      if struct.unpack('>I8', string.sub(value, at + 8, at + 15)) > now then
        intents[#intents + 1] = string.sub(value, at, at + 15)
      else
        lapsed = true
      end
    end
    if lapsed then
      value = ARGV[i + 5] .. table.concat(intents)
      redis.call('SET', key, value, 'PX', life)
      local fence = tonumber(ARGV[6 + count + i - fences])
      if fence > 0 then
        redis.call('SET', KEYS[fence], ARGV[i + 5], 'PX', life)
        tokens[fence - 2] = ARGV[i + 5]
      end
    end
    pending = pending or #intents > 0
  end
  tokens[i] = string.sub(value, 1, 8)
end
local answer = {pending and 'pending' or 'lost', epoch}
for i = 1, count do
  answer[i + 2] = tokens[i]
end
if not pending and ARGV[2] ~= '0' then
  -- The lease is for these very tokens: one taken before a bump does not hold up what comes after it.
  local names = redis.sha1hex(table.concat(tokens, '', fences + 1, fences + tonumber(ARGV[5]))) .. ':'
  local held = redis.call('GET', KEYS[2])
  if not held or string.sub(held, 1, #names) ~= names then
    redis.call('SET', KEYS[2], names .. ARGV[1], 'PX', ARGV[2])
    answer[1] = 'lease'
  end
end
return answer
