#!lua flags=allow-oom
-- Forgets that dead jobs are to be mirrored, but not those that died anew since they were read.
-- Arguments: jobs {{id, when it ended ms, 0 for one that was not dead}, ...}.
-- Returns nothing.
-- Keys: job, dead.

-- include common.lua

for _, seen in ipairs(call) do
    local id, at = unpack(seen)
    local state, ended = unpack(redis.call('HMGET', job_key(id), 'state', 'ended'))
    if state ~= 'dead' or tonumber(ended) == at then redis.call('SREM', P .. 'dead', id) end
end

return cmsgpack.pack(0)
