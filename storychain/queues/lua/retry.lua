#!lua flags=allow-oom
-- Lets a job wait again: a dead or failed one as if it were new, a delayed one at once.
-- Arguments: id.
-- Returns {rings, the state it had}; "" if there is no such job.
-- Keys: job, log, Q:waiting, Q:delayed, Q:dead, Q:failed, Q:meta, Q:linger, Q:wake, unique, events.

-- include common.lua
-- include ending.lua

local id = call.id
local state, q, unique = unpack(redis.call('HMGET', job_key(id), 'state', 'queue', 'unique'))

if state == 'dead' or state == 'failed' or state == 'delayed' then
    redis.call('ZREM', key(q, state), id)
    redis.call('HDEL', job_key(id), 'cancel', 'ended', 'progress')
    if state ~= 'delayed' then redis.call('HSET', job_key(id), 'attempt', 0) end
    if unique then redis.call('SET', P .. 'unique:' .. unique, id, 'NX') end
    put_last(q, id)
    note(id, 'retry', 'by an operator')
    announce('waiting', q, {id})
    wake(q)
end

return cmsgpack.pack({rings, state or ''})
