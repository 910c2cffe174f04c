#!lua flags=allow-oom
-- Notes that a worker lives, or that it has stopped as it should.
-- Arguments: worker, queues (none: it has stopped).
-- Returns nothing.
-- Keys: workers.

-- include common.lua

if #call.queues > 0 then
    local said = cjson.encode({queues = call.queues, beat_at = now / 1000})
    redis.call('HSET', P .. 'workers', call.worker, said)
else
    redis.call('HDEL', P .. 'workers', call.worker)
end

return cmsgpack.pack(0)
