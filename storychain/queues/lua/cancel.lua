#!lua flags=allow-oom
-- Ends a job that has not begun; tells one that has (it may still complete).
-- Arguments: id.
-- Returns the state it had; "" if there is no such job.
-- Keys: job, log, all of Q, parked, unique, events.

-- include common.lua
-- include ending.lua

local id = call.id
local state, q, unique, lock = unpack(redis.call('HMGET', job_key(id), 'state', 'queue', 'unique', 'lock'))

if state == 'active' then
    redis.call('HSET', job_key(id), 'cancel', 1)
    note(id, 'cancel', 'asked to stop')
elseif state == 'waiting' or state == 'delayed' or state == 'parked' then
    redis.call('ZREM', state == 'parked' and P .. 'parked:' .. lock or key(q, state), id)
    if state == 'parked' then redis.call('HINCRBY', key(q, 'meta'), 'parked', -1) end
    fail(q, id, unique, 'cancelled')
end

return cmsgpack.pack(state or '')
