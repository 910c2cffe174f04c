-- A lease that nothing was stored under is given back, if it is still ours.
--
-- KEYS  1 {prefix}:l:{key}
-- ARGV  1 owner (8 bytes)
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, -8) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
