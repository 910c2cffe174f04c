#!lua flags=allow-oom
-- Ends a job that has not begun; tells one that has (it may still complete).
-- Arguments: id.
-- Returns the state it had; "" if there is no such job.
-- Keys: job, log, all of Q, lock, parked, unique, events.

-- include common.lua
-- include ending.lua

local id = call.id
local state, q, unique, lock = unpack(redis.call('HMGET', job_key(id), 'state', 'queue', 'unique', 'lock'))

if state == 'active' then
    redis.call('HSET', job_key(id), 'cancel', 1)
    note(id, 'cancel', 'asked to stop')
elseif state == 'waiting' or state == 'delayed' or state == 'parked' then
    redis.call('ZREM', key(q, state), id)
    if state == 'parked' then redis.call('ZREM', P .. 'parked:' .. lock, id) end
    fail(q, id, unique, 'cancelled')
    -- It may be the one that was let on when the lock came free: then the next is.
    if lock then unpark(lock) end
end

return cmsgpack.pack(state or '')
