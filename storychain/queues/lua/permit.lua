#!lua flags=allow-oom
-- Allows a job the effect that its queue's limit is about, or says when to come back.
-- Arguments: queue, id, token, most, window ms: effects in flight and those ended within any
--   window are `most` together.
-- Returns ms to wait: 0 is a permit, -1 says that the job is not in the caller's hands.
-- Keys: job, Q:permits, Q:meta.

-- include common.lua

local IN_FLIGHT = 2 ^ 53
local permits, id = key(call.queue, 'permits'), call.id

local function wait_for(ms)
    redis.call('HSET', key(call.queue, 'meta'), 'not_before', int(now + ms))
    return cmsgpack.pack(math.ceil(ms))
end

local job = redis.call('HMGET', job_key(id), 'state', 'token', 'permit')
if job[1] ~= 'active' or tonumber(job[2]) ~= call.token then return cmsgpack.pack(-1) end
if job[3] == int(call.token) then return cmsgpack.pack(0) end

-- A server that was started since may have lost what was sent last, and a new one knows nothing.
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local limits = key(call.queue, 'meta')
if redis.call('HGET', limits, 'limited_by') ~= server then
    redis.call('HSET', limits, 'limited_by', server, 'limited_since', int(now))
end
local since = tonumber(redis.call('HGET', limits, 'limited_since'))
if now < since + call.window then return wait_for(since + call.window - now) end

redis.call('ZREMRANGEBYSCORE', permits, '-inf', now - call.window)
if redis.call('ZCARD', permits) >= call.most then
    local first = redis.call('ZRANGE', permits, 0, 0, 'WITHSCORES')
    local ended = tonumber(first[2])
    -- All in flight: nobody knows when the first ends.
    return wait_for(ended == IN_FLIGHT and 1000 or ended + call.window + 1 - now)
end
redis.call('ZADD', permits, IN_FLIGHT, int(call.token))
redis.call('HSET', job_key(id), 'permit', int(call.token))
return cmsgpack.pack(0)
