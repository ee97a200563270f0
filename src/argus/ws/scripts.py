"""What Redis does in one go, in its own language: a number, a line in the log and the call to read it belong together.

Keys: the state (a hash: epoch, run, ticket, and the head and size of each log), the tickets (by incident), the logs for
everyone and for staff (lists of messages), and a mark that somebody follows, which holds for a while. The first
argument is always an epoch to begin with if there is none that still holds.
"""

FORGET = "redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])"

# A server that has started again may have lost the end of a log, and would give numbers out twice: such numbers belong
# to another epoch. Where it may not be asked who it is, losing everything is still noticed.
CURRENT = f"""
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '-'
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch or redis.call('HGET', KEYS[1], 'run') ~= run then
    epoch = ARGV[1]
    {FORGET}
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'run', run)
end
"""

# Returns the epoch and a number. If nobody follows, nothing: nobody will be told, so whoever was here must reload.
TAKE_TICKET = f"""
if redis.call('EXISTS', KEYS[5]) == 0 then
    {FORGET}
    return false
end
{CURRENT}
return {{epoch, redis.call('HINCRBY', KEYS[1], 'ticket', 1)}}
"""

# ARGV: epoch, channel, call. Everybody has to reload.
START_ANEW = f"""
{FORGET}
redis.call('PUBLISH', ARGV[2], ARGV[3])
"""

# ARGV: epoch, epoch of the ticket, ticket, channel, call, most entries, most bytes, most tickets,
#       then for each message: incident, whether it is for staff only, text.
# Returns the incidents that somebody with a later ticket has told of: what we know of them may be out of date.
APPEND = f"""{CURRENT}
local ticket, stale = tonumber(ARGV[3]), {{}}
local forgotten = tonumber(redis.call('HGET', KEYS[1], 'forgotten') or 0)
local function append(log, text)
    redis.call('HINCRBY', KEYS[1], 'head:' .. log, 1)
    local length = redis.call('RPUSH', log, text)
    local size = redis.call('HINCRBY', KEYS[1], 'size:' .. log, #text)
    while length > tonumber(ARGV[6]) or size > tonumber(ARGV[7]) do
        size = redis.call('HINCRBY', KEYS[1], 'size:' .. log, -#(redis.call('LPOP', log) or ''))
        length = length - 1
    end
end
for index = 9, #ARGV, 3 do
    local incident = ARGV[index]
    local latest = tonumber(redis.call('ZSCORE', KEYS[2], incident) or forgotten)
    if epoch ~= ARGV[2] or latest > ticket then
        table.insert(stale, incident)
    else
        redis.call('ZADD', KEYS[2], ticket, incident)
        append(KEYS[4], ARGV[index + 2])
        if ARGV[index + 1] == '0' then append(KEYS[3], ARGV[index + 2]) end
    end
end
local surplus = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[8])
if surplus > 0 then
    local last = redis.call('ZRANGE', KEYS[2], surplus - 1, surplus - 1, 'WITHSCORES')
    redis.call('HSET', KEYS[1], 'forgotten', last[2])
    redis.call('ZREMRANGEBYRANK', KEYS[2], 0, surplus - 1)
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return stale
"""

# ARGV: epoch, which log, epoch that is read, after which number, how many messages and how many bytes at most, for how
# many seconds it holds that somebody follows. Returns the epoch, the head and, unless they are gone, the messages.
READ = f"""
redis.call('SET', KEYS[5], 1, 'EX', ARGV[7])
{CURRENT}
local log = KEYS[tonumber(ARGV[2])]
local head = tonumber(redis.call('HGET', KEYS[1], 'head:' .. log) or 0)
local after = tonumber(ARGV[4])
local first = head - redis.call('LLEN', log)
if epoch ~= ARGV[3] or after < first or after > head then return {{epoch, head}} end
local start = after - first
local texts, size = redis.call('LRANGE', log, start, start + tonumber(ARGV[5]) - 1), 0
for index, text in ipairs(texts) do
    size = size + #text
    if index > 1 and size > tonumber(ARGV[6]) then
        for last = #texts, index, -1 do table.remove(texts, last) end
        break
    end
end
return {{epoch, head, texts}}
"""
