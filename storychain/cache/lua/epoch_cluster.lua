-- The servers that a read believes must be named by the epoch; one that is not begins a new epoch,
-- which names all primaries there are now.
--
-- KEYS  1 {prefix}:epoch   token (8 bytes), then 8 bytes a primary: the beginning of its run id
-- ARGV  1 a new token      2 all primaries, 8 bytes each      3... those that are believed
-- Returns the epoch.
local epoch = redis.call('GET', KEYS[1])
local named = {}
for at = 9, epoch and #epoch or 0, 8 do
  named[string.sub(epoch, at, at + 7)] = true
end
for i = 3, #ARGV do
  if not epoch or not named[ARGV[i]] then
    epoch = ARGV[1] .. ARGV[2]
    redis.call('SET', KEYS[1], epoch)
    return epoch
  end
end
return epoch
