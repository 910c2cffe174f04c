-- What all scripts of the ledger share: the map of its keys, its clock, and who is woken.
--
-- KEYS[1] is the ledger's prefix P, ARGV[1] the MessagePack of the call's arguments. Every key
-- below begins with P. Q is a queue, times are milliseconds of this server's clock.
--
--   job:{id}         hash    spec (JSON: see wire.Spec), queue, level, attempts (allowed), state,
--                            at (enqueued), since (waiting, if only since later), attempt; while
--                            active also holder, token, started; then ended, result or error;
--                            unique, lock, permit, progress, cancel where it has them
--   log:{id}         list    what happened to the job, JSON lines, the newest 50
--   Q:waiting        zset    id -> level * LEVEL + sequence
--   Q:delayed        zset    id -> when it is due
--   Q:active         zset    id -> when its lease ends
--   Q:completed      zset    id -> when it ended; as failed and dead
--   Q:failed         zset
--   Q:dead           zset
--   Q:parked         zset    as waiting: jobs whose lock another job holds
--   parked:{lock}    zset    the same, by lock: who is let on next
--   Q:meta           hash    seq, completed, failed, paused, not_before, bell (when rung),
--                            limited_by (server's run id), limited_since
--   Q:held           hash    worker -> how many jobs its processes hold
--   Q:linger         zset    holder -> until when it waits for a token
--   Q:wake           list    one token for each that is to stop waiting
--   Q:permits        zset    token -> when its effect ended (never yet: 2^53)
--   Q:times:{slice}  hash    run time's bucket -> jobs, for a slice of five minutes
--   asked:{q}:{holder}  string  nonce and ids of its last claim there, for a minute
--   lock:{lock}      string  id of the job that holds it
--   unique:{key}     string  id of the job that has it, until that ends
--   mark:{id}        string  an id that somebody chose: known, also when the job is long gone
--   dead             set     ids that deadletters.py has not seen yet
--   swept            string  when sweep was last here
--   server           string  run id of the server whose losses were mended (losses.py)
--   workers          hash    worker -> JSON of what it says of itself
--   token            string  the last fencing token given
--   events           stream  what happened: event, queue, count and the first ids (JSON)

local P = KEYS[1]
local LEVEL = 2 ^ 50
local EVENTS, EVENT_IDS = 2000, 50

local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local now = math.floor(now_us / 1000)
local rings = {}

-- Lua would write large numbers as 1.7e+15, which Redis does not take for integers.
local function int(n) return string.format('%.0f', n) end

local function key(q, what) return P .. q .. ':' .. what end

local function job_key(id) return P .. 'job:' .. id end

-- Calls a command on a key with many arguments, in pieces that Lua's stack can hold.
local function many(command, target, args)
    for from = 1, #args, 1000 do
        redis.call(command, target, unpack(args, from, math.min(from + 999, #args)))
    end
end

local function announce(event, q, ids)
    if #ids == 0 then return end
    redis.call('XADD', P .. 'events', 'MAXLEN', '~', EVENTS, '*', 'event', event, 'queue', q,
        'count', #ids, 'ids', cjson.encode({unpack(ids, 1, math.min(#ids, EVENT_IDS))}))
end

local function ring(q)
    redis.call('HSET', key(q, 'meta'), 'bell', int(now))
    rings[#rings + 1] = q
end

local function is_open(q)
    local m = redis.call('HMGET', key(q, 'meta'), 'paused', 'not_before')
    return not m[1] and (not m[2] or tonumber(m[2]) <= now)
end

local function is_eligible(q) return redis.call('ZCARD', key(q, 'waiting')) > 0 and is_open(q) end

-- Fetches somebody for a queue's waiting jobs: first who lingers for them, else by a bell,
-- unless one is unanswered (that of a message which got lost is rung again by sweep).
local function wake(q)
    if not is_eligible(q) then return end
    local found = redis.call('ZPOPMIN', key(q, 'linger'))
    while found[1] do
        if tonumber(found[2]) > now then
            redis.call('RPUSH', key(q, 'wake'), '1')
            redis.call('HSETNX', key(q, 'meta'), 'bell', int(now))
            return
        end
        found = redis.call('ZPOPMIN', key(q, 'linger'))
    end
    if redis.call('HEXISTS', key(q, 'meta'), 'bell') == 0 then ring(q) end
end

local function sequence(q, count)
    return redis.call('HINCRBY', key(q, 'meta'), 'seq', count) - count
end

local call = cmsgpack.unpack(ARGV[1])
