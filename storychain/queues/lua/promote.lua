#!lua flags=allow-oom
-- Lets delayed jobs wait whose time has come.
-- Arguments: queues, limit (jobs of a queue a call).
-- Returns rings.
-- Keys: job, Q:delayed, Q:waiting, Q:meta, Q:linger, Q:wake, events.

-- include common.lua
-- include ending.lua

for _, q in ipairs(call.queues) do
    local due = redis.call('ZRANGE', key(q, 'delayed'), '-inf', now, 'BYSCORE', 'LIMIT', 0, call.limit)
    if #due > 0 then
        local seq, waiting = sequence(q, #due), {}
        for n, id in ipairs(due) do
            local level = level_of(id)
            if level then
                redis.call('HSET', job_key(id), 'state', 'waiting', 'since', int(now))
                waiting[#waiting + 1] = level * LEVEL + seq + n - 1
                waiting[#waiting + 1] = id
            end
        end
        many('ZREM', key(q, 'delayed'), due)
        many('ZADD', key(q, 'waiting'), waiting)
        announce('waiting', q, due)
    end
    wake(q)
end

return cmsgpack.pack(rings)
