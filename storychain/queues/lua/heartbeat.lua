#!lua flags=allow-oom
-- Renews the leases of all jobs that a process holds.
-- Arguments: jobs {{queue, id, token, lease ms}, ...}.
-- Returns {lost ids, cancelled ids}: a lost one belongs to somebody else now, or to nobody.
-- Keys: job, Q:active.

-- include common.lua

local lost, cancelled = {}, {}

for _, held in ipairs(call) do
    local q, id, token, ms = unpack(held)
    local job = redis.call('HMGET', job_key(id), 'state', 'token', 'cancel')
    if job[1] == 'active' and tonumber(job[2]) == token then
        redis.call('ZADD', key(q, 'active'), 'XX', now + ms, id)
        if job[3] then cancelled[#cancelled + 1] = id end
    else
        lost[#lost + 1] = id
    end
end

return cmsgpack.pack({lost, cancelled})
