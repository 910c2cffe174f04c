#!lua flags=allow-oom
-- Gives up a dead job: it is failed.
-- Arguments: id.
-- Returns the state it had; "" if there is no such job.
-- Keys: job, log, Q:dead, Q:failed, Q:meta, unique, events.

-- include common.lua
-- include ending.lua

local id = call.id
local state, q, unique, text = unpack(redis.call('HMGET', job_key(id), 'state', 'queue', 'unique', 'error'))

if state == 'dead' then
    redis.call('ZREM', key(q, 'dead'), id)
    fail(q, id, unique, text or 'discarded')
end

return cmsgpack.pack(state or '')
