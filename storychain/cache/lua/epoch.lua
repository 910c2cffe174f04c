-- A new connection says which server it reached; one that the epoch does not name begins a new epoch,
-- so that nothing from before a restart or a failover is believed.
--
-- KEYS  1 {prefix}:epoch      token (8 bytes), then the server's run id
-- ARGV  1 run id              2 a new token
local epoch = redis.call('GET', KEYS[1])
if not epoch or string.sub(epoch, 9) ~= ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2] .. ARGV[1])
end
return 1
