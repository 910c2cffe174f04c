-- How a job changes hands and ends.

local TRIMMED = 2000

local function note(id, event, text)
    redis.call('LPUSH', P .. 'log:' .. id, cjson.encode({at = now, event = event, text = text}))
    redis.call('LTRIM', P .. 'log:' .. id, 0, 49)
end

local function level_of(id) return tonumber(redis.call('HGET', job_key(id), 'level')) end

-- Puts a job back before all others of its level, as if it had waited all the time.
local function put_first(q, id)
    redis.call('HSET', job_key(id), 'state', 'waiting')
    redis.call('ZADD', key(q, 'waiting'), level_of(id) * LEVEL, id)
end

-- Puts a job behind all others of its level.
local function put_last(q, id)
    redis.call('HSET', job_key(id), 'state', 'waiting', 'since', int(now))
    redis.call('ZADD', key(q, 'waiting'), level_of(id) * LEVEL + sequence(q, 1), id)
end

-- Lets the next that is parked for a lock wait again, unless a job holds it.
local function unpark(lock)
    if redis.call('EXISTS', P .. 'lock:' .. lock) == 1 then return end
    local id, score = unpack(redis.call('ZPOPMIN', P .. 'parked:' .. lock))
    if not id then return end
    local q = redis.call('HGET', job_key(id), 'queue')
    if not q then return unpark(lock) end
    redis.call('ZREM', key(q, 'parked'), id)
    redis.call('HSET', job_key(id), 'state', 'waiting')
    redis.call('ZADD', key(q, 'waiting'), score, id)
end

-- Gives up a job's lock.
local function unlock(id, lock)
    if redis.call('GET', P .. 'lock:' .. lock) ~= id then return end
    redis.call('DEL', P .. 'lock:' .. lock)
    unpark(lock)
end

-- Takes jobs from a worker's hands. Its tokens prove nothing any more, for they are not active.
local function take_back(q, worker, ids)
    if #ids == 0 then return end
    many('ZREM', key(q, 'active'), ids)
    if redis.call('HINCRBY', key(q, 'held'), worker, -#ids) <= 0 then
        redis.call('HDEL', key(q, 'held'), worker)
    end
end

-- Gives up what a job kept from others while it ran: its next attempt has nothing of that.
local function release(q, id, lock, permit)
    if lock then unlock(id, lock) end
    if permit then
        redis.call('ZADD', key(q, 'permits'), now, permit)
        redis.call('HDEL', job_key(id), 'permit')
    end
end

local ENDED = {completed = true, failed = true, dead = true}

-- Ends a job; `add_ended` puts it, with others, into the set of its state.
local function finish(q, id, state, unique, field, text)
    redis.call('HSET', job_key(id), 'state', state, 'ended', int(now), field, text)
    if unique and redis.call('GET', P .. 'unique:' .. unique) == id then
        redis.call('DEL', P .. 'unique:' .. unique)
    end
end

local function add_ended(q, state, ids)
    local scored = {}
    for n, id in ipairs(ids) do scored[2 * n - 1] = now; scored[2 * n] = id end
    many('ZADD', key(q, state), scored)
    if state == 'dead' then many('SADD', P .. 'dead', ids) end
end

-- Ends one job as failed: cancelled or discarded.
local function fail(q, id, unique, text)
    finish(q, id, 'failed', unique, 'error', text)
    add_ended(q, 'failed', {id})
    redis.call('HINCRBY', key(q, 'meta'), 'failed', 1)
    note(id, 'failed', text)
    announce('failed', q, {id})
end

-- Forgets the oldest ended jobs beyond the newest `keep`, and those older than `age` ms.
local function trim(q, state, keep, age)
    local ended = key(q, state)
    local late = redis.call('ZCOUNT', ended, '-inf', now - age)
    local surplus = math.min(math.max(late, redis.call('ZCARD', ended) - keep), TRIMMED)
    if surplus <= 0 then return end
    local gone = redis.call('ZRANGE', ended, 0, surplus - 1)
    for n = 1, surplus do
        gone[surplus + n] = P .. 'log:' .. gone[n]
        gone[n] = job_key(gone[n])
    end
    redis.call('UNLINK', unpack(gone))
    redis.call('ZREMRANGEBYRANK', ended, 0, surplus - 1)
end
