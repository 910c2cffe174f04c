-- On a cluster, before a load: the lease is asked for, as prepare.lua does on one server.
--
-- KEYS  1 {prefix}:l:{key}
-- ARGV  1 owner (8 bytes)   2 life of the lease, ms   3 names of the tokens that it is for
-- Returns 1 if it is ours.
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[3]) == ARGV[3] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[3] .. ARGV[1], 'PX', ARGV[2])
return 1
