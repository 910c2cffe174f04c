#!lua flags=allow-oom
-- Mends what a death left behind, and trims what is old.
-- Arguments: queues, bell ms (after it a bell is lost), beat ms (between two heartbeats),
--   keep {state: {count, age ms}}, limit.
-- Returns {rings, lost}: lost {{queue, id, token, attempt, started, holder, spec}, ...} are attempts
--   whose worker has died.
-- Keys: job, log, all of Q, lock, parked, unique, swept, events.

-- include common.lua
-- include ending.lua

local CRASHED = 'its worker died, or held it up for longer than its lease'

local lost = {}

local function recover(q, id)
    local holder, unique, lock, permit, attempt, attempts, cancel, token, started, spec = unpack(
        redis.call('HMGET', job_key(id), 'holder', 'unique', 'lock', 'permit', 'attempt', 'attempts',
        'cancel', 'token', 'started', 'spec'))
    -- It was evicted: nobody knows what it was, and the others are to go on.
    if not holder then redis.call('ZREM', key(q, 'active'), id) return end
    lost[#lost + 1] = {q, id, tonumber(token), tonumber(attempt), tonumber(started), holder, spec}
    take_back(q, string.match(holder, '^[^#]*'), {id})
    release(q, id, lock, permit)
    note(id, 'lost', CRASHED)
    if cancel then
        fail(q, id, unique, 'cancelled')
    elseif (tonumber(attempt) or 0) >= (tonumber(attempts) or 0) then
        finish(q, id, 'dead', unique, 'error', CRASHED)
        add_ended(q, 'dead', {id})
        announce('dead', q, {id})
    else
        put_first(q, id)
        redis.call('HSET', job_key(id), 'since', int(now))
        announce('waiting', q, {id})
    end
end

-- Nobody swept for so long: this server was away, and nobody could renew a lease. All get time to.
local function is_just_back()
    local last = redis.call('SET', P .. 'swept', int(now), 'GET')
    return last and now - tonumber(last) > call.beat
end

local function spare(q)
    local grace = {}
    for n, id in ipairs(redis.call('ZRANGE', key(q, 'active'), 0, -1)) do
        grace[2 * n - 1] = now + call.beat + call.bell
        grace[2 * n] = id
    end
    many('ZADD', key(q, 'active'), grace)
end

local is_back = is_just_back()

for _, q in ipairs(call.queues) do
    if is_back then spare(q) end
    local expired = redis.call('ZRANGE', key(q, 'active'), '-inf', now, 'BYSCORE', 'LIMIT', 0, call.limit)
    for _, id in ipairs(expired) do recover(q, id) end
    for state, keep in pairs(call.keep) do trim(q, state, keep[1], keep[2]) end
    local bell = tonumber(redis.call('HGET', key(q, 'meta'), 'bell'))
    if is_eligible(q) and (not bell or bell <= now - call.bell) then ring(q) end
end

return cmsgpack.pack({rings, lost})
