#!lua flags=allow-oom
-- Stops a queue's jobs from being claimed, or lets them again; those in hands go on.
-- Arguments: queue, paused.
-- Returns rings.
-- Keys: Q:meta, Q:waiting, Q:linger, Q:wake, events.

-- include common.lua

local q = call.queue

if call.paused then
    redis.call('HSET', key(q, 'meta'), 'paused', 1)
else
    redis.call('HDEL', key(q, 'meta'), 'paused')
    wake(q)
end
announce(call.paused and 'paused' or 'resumed', q, {'-'})

return cmsgpack.pack(rings)
