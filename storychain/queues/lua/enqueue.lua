-- Takes new jobs in: to waiting, or to delayed.
-- Arguments: jobs {{id, queue, spec, level, attempts, delay ms, unique, lock, mark s}, ...}; "" and 0 stand for none.
-- Returns {rings, known}: known {{index, id, state}, ...} are those that were here already.
-- Keys: job, mark, unique, Q:waiting, Q:delayed, Q:meta, Q:linger, Q:wake, events.

-- include common.lua

local known, added, next_seq = {}, {}, {}

local function state_of(id) return redis.call('HGET', job_key(id), 'state') or 'gone' end

-- Returns the id under which the same job is known, if it is.
local function find_known(id, unique, mark)
    local has_mark = mark > 0 and not redis.call('SET', P .. 'mark:' .. id, '1', 'NX', 'EX', mark)
    if has_mark or redis.call('EXISTS', job_key(id)) == 1 then return id end
    if unique == '' then return nil end
    local other = redis.call('GET', P .. 'unique:' .. unique)
    if other and redis.call('EXISTS', job_key(other)) == 1 then
        if mark > 0 then redis.call('DEL', P .. 'mark:' .. id) end
        return other
    end
    redis.call('SET', P .. 'unique:' .. unique, id)
end

local function take_number(q)
    local seq = next_seq[q] or sequence(q, #call)
    next_seq[q] = seq + 1
    return seq
end

for index, job in ipairs(call) do
    local id, q, spec, level, attempts, delay, unique, lock, mark = unpack(job)
    local other = find_known(id, unique, mark)
    if other then
        known[#known + 1] = {index - 1, other, state_of(other)}
    else
        local state = delay > 0 and 'delayed' or 'waiting'
        local fields = {'spec', spec, 'queue', q, 'state', state, 'at', int(now),
            'level', level, 'attempts', attempts}
        if unique ~= '' then fields[#fields + 1] = 'unique'; fields[#fields + 1] = unique end
        if lock ~= '' then fields[#fields + 1] = 'lock'; fields[#fields + 1] = lock end
        redis.call('HSET', job_key(id), unpack(fields))
        local lists = added[q] or {waiting = {}, delayed = {}, ids = {}}
        local list = lists[state]
        list[#list + 1] = delay > 0 and now + delay or level * LEVEL + take_number(q)
        list[#list + 1] = id
        lists.ids[#lists.ids + 1] = id
        added[q] = lists
    end
end

for q, lists in pairs(added) do
    many('ZADD', key(q, 'waiting'), lists.waiting)
    many('ZADD', key(q, 'delayed'), lists.delayed)
    announce('enqueued', q, lists.ids)
    wake(q)
end

return cmsgpack.pack({rings, known})
