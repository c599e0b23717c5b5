#!lua
-- All that Weft does in Redis with topics, each in one atomic step. docs/cluster_wire.md describes keys, channel,
-- arguments and envelopes, for publishers that do not use Weft.
--
--   publish   KEYS meta, history[, id]       ARGV history_id, epoch, kept, milliseconds, channel, envelope...
--   read      KEYS meta, history             ARGV history_id, epoch, since's epoch, since's offset, limit, bytes
--   peek      as read, but writes nothing; nil if it would have to
--   check     KEYS meta, history, meta, ...  ARGV history_id, epoch
--
-- ARGV[1] is the name. history_id names what this Redis has stored as a master: the first 20 digits of run_id
-- (INFO server), then those of master_replid (INFO replication). The epoch is one that was never used before: a topic
-- gets it if its positions are not known to continue those that were given before.

local history_id, new_epoch = ARGV[2], ARGV[3]

-- A topic that nobody uses is forgotten after this time, and at least with its history. One to which nobody has ever
-- published sooner: any client that chooses a name may have subscribed to it. A session that waits for its first message
-- for longer gets a gap with it, because nobody knows then that it is the first one.
local META_MS = 30 * 24 * 3600 * 1000
local UNPUBLISHED_MS = 7 * 24 * 3600 * 1000
local ID_MS = 5 * 60 * 1000

-- tostring() writes large numbers with an exponent.
local function text(number)
  return string.format('%.0f', number)
end

local OTHER_HISTORY = {err = 'OTHERHISTORY read run_id and master_replid again'}

-- A caller that logged in before this Redis was a replica must do so again: messages that it knows of may be
-- lost here.
local function check_replication()
  local replid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  if string.sub(history_id, 21) ~= string.sub(replid, 1, 20) then error(OTHER_HISTORY) end
end

-- Also the process: two callers with different history_ids would each begin an epoch in turn.
local checked = false
local function check_caller()
  if checked then return end
  local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  if string.sub(history_id, 1, 20) ~= string.sub(run_id, 1, 20) then error(OTHER_HISTORY) end
  check_replication()
  checked = true
end

-- What is stored of a topic: its epoch, last offset and history_id, and the epoch before with its last offset. nil if it
-- is new, or has been evicted, expired or flushed.
local function stored(meta)
  local found = redis.pcall('HMGET', meta, 'e', 's', 'r', 'pe', 'ps')
  if found.err then
    if not string.find(found.err, 'WRONGTYPE', 1, true) then error(found) end
    return nil  -- as if it were missing: one wrong key must not fail the check of all topics
  end
  local offset = tonumber(found[2] or nil)
  if not found[1] or not offset then return nil end
  return found[1], offset, found[3], found[4] or '', tonumber(found[5] or nil) or 0
end

-- The topic's epoch and last offset, and the epoch before with its last offset.
local function state(meta, history)
  local epoch, offset, of, previous, ended = stored(meta)
  if not epoch then  -- positions start again
    redis.call('DEL', meta, history)
    redis.call('HSET', meta, 'e', new_epoch, 's', '0', 'r', history_id)
    redis.call('PEXPIRE', meta, UNPUBLISHED_MS)
    return new_epoch, 0, '', 0
  end
  if offset == 0 then redis.call('PEXPIRE', meta, UNPUBLISHED_MS) end  -- it is used
  if of ~= history_id then  -- another process, or it was a replica: the last messages may be lost
    check_caller()
    redis.call('HSET', meta, 'e', new_epoch, 'r', history_id, 'pe', epoch, 'ps', text(offset))
    return new_epoch, offset, epoch, offset
  end
  return epoch, offset, previous, ended
end

-- A history of one message is a string, which takes much less memory than a stream: its offset, a space, its envelope.
local function latest(history)
  local offset, envelope = string.match(redis.call('GET', history), '^(%d+) (.*)$')
  return offset, envelope
end

-- Appends envelopes to the stream, from `first` in ARGV on, after the message at `offset`. Returns an error, or nil.
local function append(history, offset, first, kept)
  for i = first, #ARGV do
    local id = text(offset + i - first + 1) .. '-0'
    local added
    if i < #ARGV then
      added = redis.pcall('XADD', history, id, 'm', ARGV[i])
    else
      added = redis.pcall('XADD', history, 'MAXLEN', kept < 100 and '=' or '~', kept, id, 'm', ARGV[i])
    end
    if type(added) == 'table' and added.err then return added.err end
  end
end

-- A Redis that was a replica meanwhile may have the data of a master that lacked its last messages, with its own
-- history_id in r. Without this check it would give the positions of the lost messages to new ones.
local function store(meta, history, kept, milliseconds, first)
  check_replication()
  local epoch, offset = state(meta, history)
  local count = #ARGV - first + 1
  if kept == 1 then
    redis.call('SET', history, text(offset + count) .. ' ' .. ARGV[#ARGV])
  else
    local err = append(history, offset, first, kept)
    if err and string.find(err, 'WRONGTYPE', 1, true) then  -- it kept one message until now
      local last, envelope
      if redis.call('TYPE', history).ok == 'string' then last, envelope = latest(history) end
      redis.call('DEL', history)
      if last then redis.call('XADD', history, last .. '-0', 'm', envelope) end
      err = append(history, offset, first, kept)
    end
    if err then  -- the stream is ahead of the meta data: someone has changed one of them
      redis.call('DEL', history)
      epoch, offset = new_epoch, 0
      redis.call('HDEL', meta, 'pe', 'ps')
      redis.call('HSET', meta, 'e', epoch)
      err = append(history, offset, first, kept)
      if err then return nil, nil, err end
    end
  end
  offset = offset + count
  redis.call('HSET', meta, 's', text(offset))
  if milliseconds > 0 then
    redis.call('PEXPIRE', history, text(milliseconds))
    redis.call('PEXPIRE', meta, text(math.max(milliseconds, META_MS)))
  else
    redis.call('PERSIST', history)
    redis.call('PERSIST', meta)
  end
  return epoch, offset
end

local function publish()
  local kept, milliseconds, channel, first = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], 7
  local meta, history, id = KEYS[1], KEYS[2], KEYS[3]
  if #ARGV < first or #ARGV > first + 63 then return redis.error_reply('ERR 1 to 64 envelopes are published at once') end
  if id then
    local known = redis.call('GET', id)
    if known then
      local epoch, offset = string.match(known, '^(%S+) (%d+)$')
      if epoch then return {epoch, tonumber(offset)} end
    end
  end
  local epoch, offset, err = '-', 0
  if kept > 0 then epoch, offset, err = store(meta, history, kept, milliseconds, first) end
  if err then return redis.error_reply(err) end
  if id then redis.call('SET', id, epoch .. ' ' .. text(offset), 'PX', ID_MS) end
  local batch = {epoch .. ' ' .. text(offset) .. ' ' .. (#ARGV - first + 1) .. ' '}
  for i = first, #ARGV do
    batch[#batch + 1] = #ARGV[i] .. ':'
    batch[#batch + 1] = ARGV[i]
  end
  redis.call('PUBLISH', channel, table.concat(batch))
  return {epoch, offset}
end

-- At most `limit` messages after `since`, and no more once they have `bytes`.
local function entries(history, since, last, limit, bytes)
  local kind = redis.call('TYPE', history).ok
  local page = {}
  if kind == 'string' then
    local offset, envelope = latest(history)
    if offset and tonumber(offset) > since then page[1] = {offset .. '-0', {'m', envelope}} end
  elseif kind == 'stream' then
    while #page < limit and bytes > 0 do
      local count = math.min(16, limit - #page)
      local more = redis.call('XRANGE', history, text(since + 1) .. '-0', text(last), 'COUNT', count)
      for _, entry in ipairs(more) do
        page[#page + 1] = entry
        bytes = bytes - #entry[2][2]
        since = tonumber(string.match(entry[1], '^%d+'))
        if bytes <= 0 then return page end
      end
      if #more < count then break end
    end
  end
  return page
end

local function page(epoch, offset, previous, ended)
  local since_epoch, since = ARGV[4], tonumber(ARGV[5])
  local messages = {}
  if (since_epoch == epoch and since <= offset) or
     (since_epoch ~= '' and since_epoch == previous and since <= ended) then
    messages = entries(KEYS[2], since, offset, tonumber(ARGV[6]), tonumber(ARGV[7]))
  end
  return {epoch, offset, previous, ended, messages}
end

local function read()
  return page(state(KEYS[1], KEYS[2]))
end

-- Of a topic of this history_id that has messages: of another one, state() has to write.
local function peek()
  local epoch, offset, of, previous, ended = stored(KEYS[1])
  if not epoch or offset == 0 or of ~= history_id then return false end
  return page(epoch, offset, previous, ended)
end

local function check()
  local states = {}
  for i = 1, #KEYS, 2 do states[#states + 1] = {state(KEYS[i], KEYS[i + 1])} end
  return states
end

if ARGV[1] == 'publish' then return publish() end
if ARGV[1] == 'read' then return read() end
if ARGV[1] == 'peek' then return peek() end
if ARGV[1] == 'check' then return check() end
return redis.error_reply('ERR the first argument must be publish, read, peek or check')
