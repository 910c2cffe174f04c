#!lua flags=no-writes
-- Reads jobs: those of a state, the latest first (of those to come the next first), or those named.
-- Those that wait are followed by those that are parked, which wait as well.
-- Arguments: queue, state, offset, count; or ids.
-- Returns {{id, {field, value, ...}}, ...}; a job that is not there any more is left out.
-- Keys: job, Q:waiting, Q:parked, Q:delayed, Q:active, Q:completed, Q:failed, Q:dead.

-- include common.lua

local ENDED = {completed = true, failed = true, dead = true}

local function range(state, offset, count)
    if count <= 0 then return {} end
    return redis.call(ENDED[state] and 'ZREVRANGE' or 'ZRANGE', key(call.queue, state), offset,
        offset + count - 1)
end

local function list()
    local ids = range(call.state, call.offset, call.count)
    if call.state ~= 'waiting' then return ids end
    local before = redis.call('ZCARD', key(call.queue, 'waiting'))
    local rest = range('parked', math.max(call.offset - before, 0), call.count - #ids)
    for _, id in ipairs(rest) do ids[#ids + 1] = id end
    return ids
end

local ids = call.ids or list()

local jobs = {}
for _, id in ipairs(ids) do
    local fields = redis.call('HGETALL', job_key(id))
    if fields[1] then jobs[#jobs + 1] = {id, fields} end
end

return cmsgpack.pack(jobs)
