#!lua flags=no-writes
-- Reads jobs: those of a state, the latest first (of waiting: the next first), or those named.
-- Arguments: queue, state, offset, count; or ids.
-- Returns {{id, {field, value, ...}}, ...}; a job that is not there any more is left out.
-- Keys: job, Q:waiting, Q:delayed, Q:active, Q:completed, Q:failed, Q:dead.

-- include common.lua

local ids = call.ids
if not ids then
    local is_ahead = call.state == 'waiting' or call.state == 'delayed' or call.state == 'active'
    ids = redis.call(is_ahead and 'ZRANGE' or 'ZREVRANGE', key(call.queue, call.state), call.offset,
        call.offset + call.count - 1)
end

local jobs = {}
for _, id in ipairs(ids) do
    local fields = redis.call('HGETALL', job_key(id))
    if fields[1] then jobs[#jobs + 1] = {id, fields} end
end

return cmsgpack.pack(jobs)
