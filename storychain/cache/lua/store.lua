-- After a load: the entry is stored if the lease is still ours, and its tags live twice as long as any entry.
--
-- KEYS  1 {prefix}:l:{key}   2 {prefix}:e:{key}   then {prefix}:v:{tag} one a tag
-- ARGV  1 owner (8 bytes)    2 the entry           3 its life, ms          4 life of a token, ms
-- Returns 1 if it was stored.
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, -8) ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
for i = 3, #KEYS do
  redis.call('PEXPIRE', KEYS[i], ARGV[4], 'GT')
end
return 1
