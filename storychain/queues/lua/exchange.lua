#!lua flags=allow-oom
-- A holder hands in what it has done for one queue, and takes what waits.
-- Arguments: queue, holder, outcomes, claim or nil.
--   outcomes {{id, token, state, text, delay ms}, ...}: completed (text: its result), delayed (an
--     error, to be tried again), failed or dead (its last error), waiting (it was not tried)
--   keep {state: {count, age ms}}
--   claim {want, cap, lease ms, nonce, answers, linger ms, bulk {how specs of batched jobs begin},
--     room}: `want` jobs, but never more than `cap` in the worker's hands, and up to `room` batched
--     ones beyond that; the same nonce again gives the same jobs again, for a reply may get lost
-- Returns {rings, refused ids, jobs {{id, token, attempt, spec}, ...}}.
-- Keys: job, log, all of Q, lock, parked, unique, token, events.

-- include common.lua
-- include ending.lua

local SLICE, ASKED = 300000, 60000
local q, holder = call.queue, call.holder
local now_text = int(now)
local worker = string.match(holder, '^[^#]*')
local asked_key = P .. 'asked:' .. q .. ':' .. holder
local settled, refused, claimed, parked = {}, {}, {}, 0
local changed, times = {}, {}

local function bucket_of(ms) return math.floor(4 * math.log(ms + 1) / math.log(2)) end

local function read_job(id)
    local f = redis.call('HMGET', job_key(id), 'state', 'token', 'unique', 'lock', 'permit',
        'started', 'cancel')
    return {state = f[1], token = tonumber(f[2]), unique = f[3], lock = f[4], permit = f[5],
        started = tonumber(f[6]), cancel = f[7]}
end

-- One row for each state that an attempt may end in.
local ends = {}

function ends.completed(id, job, text)
    finish(q, id, 'completed', job.unique, 'result', text)
    local bucket = bucket_of(now - job.started)
    times[bucket] = (times[bucket] or 0) + 1
end

function ends.failed(id, job, text)
    finish(q, id, 'failed', job.unique, 'error', text)
    note(id, 'failed', text)
end

function ends.dead(id, job, text)
    finish(q, id, 'dead', job.unique, 'error', text)
    note(id, 'dead', text)
end

function ends.delayed(id, job, text, delay)
    redis.call('HSET', job_key(id), 'state', 'delayed', 'error', text)
    redis.call('ZADD', key(q, 'delayed'), now + delay, id)
    note(id, 'retry', text)
end

function ends.waiting(id)
    redis.call('HINCRBY', job_key(id), 'attempt', -1)
    put_first(q, id)
end

local function settle(outcome)
    local id, token, state, text, delay = unpack(outcome)
    local job = read_job(id)
    if job.state ~= 'active' or job.token ~= token then
        refused[#refused + 1] = id
        return
    end
    if job.cancel and state ~= 'completed' and state ~= 'dead' then
        state, text = 'failed', text ~= '' and text or 'cancelled'
    end
    release(q, id, job.lock, job.permit)
    ends[state](id, job, text, delay)
    settled[#settled + 1] = id
    local ids = changed[state] or {}
    ids[#ids + 1] = id
    changed[state] = ids
end

local function add_up()
    take_back(q, worker, settled)
    for state, ids in pairs(changed) do
        announce(state, q, ids)
        if ENDED[state] then add_ended(q, state, ids) end
        local keep = call.keep[state]
        if keep then
            redis.call('HINCRBY', key(q, 'meta'), state, #ids)
            trim(q, state, keep[1], keep[2])
        end
    end
    local slice = key(q, 'times:' .. int(math.floor(now / SLICE)))
    for bucket, jobs in pairs(times) do redis.call('HINCRBY', slice, bucket, jobs) end
    if next(times) then redis.call('PEXPIRE', slice, 3 * SLICE) end
end

-- Returns whether the job's lock is now its own; if another job has it, parks this one.
local function locks(id, lock, score)
    local owner = redis.call('GET', P .. 'lock:' .. lock)
    if not owner or owner == id then
        redis.call('SET', P .. 'lock:' .. lock, id)
        return true
    end
    redis.call('HSET', job_key(id), 'state', 'parked')
    redis.call('ZADD', P .. 'parked:' .. lock, score, id)
    redis.call('ZADD', key(q, 'parked'), score, id)
    parked = parked + 1
    return false
end

-- Takes a range of tokens, none of which was ever given, also if this server lost its memory.
local function take_tokens(count)
    local first = math.max((tonumber(redis.call('GET', P .. 'token')) or 0) + 1, now_us)
    redis.call('SET', P .. 'token', int(first + count - 1))
    return first
end

local function is_batched(spec, heads)
    for _, head in ipairs(heads) do
        if string.sub(spec, 1, #head) == head then return true end
    end
    return false
end

local function take(c, want)
    local waiting = key(q, 'waiting')
    local popped = redis.call('ZPOPMIN', waiting, want)
    local ids, leases, token, batched = {}, {}, take_tokens(want + math.max(c.room, 0)), 0
    local n = 1
    while popped[n] do
        local id = popped[n]
        local spec, lock, attempt = unpack(redis.call('HMGET', job_key(id), 'spec', 'lock', 'attempt'))
        if spec and (not lock or locks(id, lock, popped[n + 1])) then
            attempt = (tonumber(attempt) or 0) + 1
            redis.call('HSET', job_key(id), 'state', 'active', 'attempt', attempt, 'token', int(token),
                'holder', holder, 'started', now_text)
            leases[#leases + 1] = now + c.lease
            leases[#leases + 1] = id
            ids[#ids + 1] = id
            claimed[#claimed + 1] = {id, token, attempt, spec}
            token = token + 1
            -- It takes no slot, so that the next may come in its place.
            if batched < c.room and is_batched(spec, c.bulk) then
                batched = batched + 1
                local more = redis.call('ZPOPMIN', waiting)
                popped[#popped + 1] = more[1]
                popped[#popped + 1] = more[2]
            end
        end
        n = n + 2
    end
    many('ZADD', key(q, 'active'), leases)
    return ids
end

-- Gives again what an earlier call with this nonce took, if its reply got lost.
local function take_again(ids)
    for _, id in ipairs(ids) do
        local job = redis.call('HMGET', job_key(id), 'state', 'holder', 'token', 'attempt', 'spec')
        if job[1] == 'active' and job[2] == holder then
            claimed[#claimed + 1] = {id, tonumber(job[3]), tonumber(job[4]), job[5]}
        end
    end
end

local function claim(c)
    if c.answers then redis.call('HDEL', key(q, 'meta'), 'bell') end
    local asked = redis.call('GET', asked_key)
    local last = asked and cmsgpack.unpack(asked)
    if last and last[1] == c.nonce then return take_again(last[2]) end
    local held = tonumber(redis.call('HGET', key(q, 'held'), worker)) or 0
    local want = math.min(c.want, c.cap - held)
    local ids = want > 0 and is_eligible(q) and take(c, want) or {}
    if #ids > 0 then
        redis.call('HINCRBY', key(q, 'held'), worker, #ids)
        redis.call('SET', asked_key, cmsgpack.pack({c.nonce, ids}), 'PX', ASKED)
        announce('active', q, ids)
    elseif c.linger > 0 then
        redis.call('ZADD', key(q, 'linger'), now + c.linger, holder)
    end
    -- Behind those that were parked others may wait, which need no lock or another.
    if #ids + parked > 0 then wake(q) end
end

for _, outcome in ipairs(call.outcomes) do settle(outcome) end
add_up()
if call.claim then
    claim(call.claim)
else
    -- It leaves: bells that it heard meanwhile count as unheard.
    redis.call('ZREM', key(q, 'linger'), holder)
    redis.call('HDEL', key(q, 'meta'), 'bell')
    wake(q)
end

return cmsgpack.pack({rings, refused, claimed})
