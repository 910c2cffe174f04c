#!lua flags=allow-oom
-- Notes how far a job is, if it is still in the hands of who says so.
-- Arguments: id, token, done, total.
-- Returns {is lost, is cancelled}.
-- Keys: job, events.

-- include common.lua

local job = redis.call('HMGET', job_key(call.id), 'state', 'token', 'cancel', 'queue')
if job[1] ~= 'active' or tonumber(job[2]) ~= call.token then
    return cmsgpack.pack({true, false})
end
redis.call('HSET', job_key(call.id), 'progress', int(call.done) .. '/' .. int(call.total))
announce('progress', job[4], {call.id})
return cmsgpack.pack({false, job[3] and true or false})
