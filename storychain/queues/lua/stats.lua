#!lua flags=allow-oom
-- How many jobs are where, in all queues: one number a set, whatever its size.
-- Arguments: queues.
-- Returns {{queue, waiting, parked (which wait as well), active, delayed, dead, completed, failed, retained completed,
--   retained failed, paused, age of the oldest waiting ms, {{bucket, jobs, ...}, ...}, ms that these
--   cover}, ...}.
-- Keys: Q:waiting, Q:parked, Q:active, Q:delayed, Q:dead, Q:completed, Q:failed, Q:meta, Q:times, job.

-- include common.lua

local SLICE = 300000

local function size(q, set) return redis.call('ZCARD', key(q, set)) end

-- The first of each level is that level's oldest.
local function since(q, set)
    local at = now
    for level = 0, 3 do
        local first = redis.call('ZRANGE', key(q, set), level * LEVEL, (level + 1) * LEVEL - 1,
            'BYSCORE', 'LIMIT', 0, 1)[1]
        local job = first and redis.call('HMGET', job_key(first), 'since', 'at')
        at = math.min(at, job and tonumber(job[1] or job[2]) or now)
    end
    return at
end

local function oldest(q) return now - math.min(since(q, 'waiting'), since(q, 'parked')) end

local function run_times(q)
    local slice = math.floor(now / SLICE)
    return {redis.call('HGETALL', key(q, 'times:' .. int(slice - 1))),
        redis.call('HGETALL', key(q, 'times:' .. int(slice)))}
end

local found = {}
for n, q in ipairs(call.queues) do
    local m = redis.call('HMGET', key(q, 'meta'), 'completed', 'failed', 'paused')
    local parked = size(q, 'parked')
    found[n] = {q, size(q, 'waiting') + parked, parked, size(q, 'active'), size(q, 'delayed'),
        size(q, 'dead'), tonumber(m[1]) or 0, tonumber(m[2]) or 0, size(q, 'completed'),
        size(q, 'failed'), m[3] and true or false, oldest(q), run_times(q), SLICE + now % SLICE}
end

return cmsgpack.pack(found)
