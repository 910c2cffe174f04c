#!lua flags=allow-oom
-- Lets a job wait again: a dead or failed one as if it were new, a delayed one at once.
-- Arguments: id.
-- Returns {rings, the state it had, other id}; "" if there is no such job. Nothing happens where
--   another job has its unique key by now: then that is the other.
-- Keys: job, log, Q:waiting, Q:delayed, Q:dead, Q:failed, Q:meta, Q:linger, Q:wake, unique, events.

-- include common.lua
-- include ending.lua

local id = call.id
local state, q, unique = unpack(redis.call('HMGET', job_key(id), 'state', 'queue', 'unique'))

local other = unique and redis.call('GET', P .. 'unique:' .. unique)
if other == id or other and redis.call('EXISTS', job_key(other)) == 0 then other = nil end

if not other and (state == 'dead' or state == 'failed' or state == 'delayed') then
    redis.call('ZREM', key(q, state), id)
    redis.call('HDEL', job_key(id), 'cancel', 'ended', 'progress')
    if state ~= 'delayed' then redis.call('HSET', job_key(id), 'attempt', 0) end
    if unique then redis.call('SET', P .. 'unique:' .. unique, id) end
    put_last(q, id)
    note(id, 'retry', 'by an operator')
    announce('waiting', q, {id})
    wake(q)
end

return cmsgpack.pack({rings, state or '', other or ''})
