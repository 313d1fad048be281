-- What the scripts share; put before each of them, after the numbers of `scripts.py`.
-- These and all instants are in milliseconds, by the server's clock; an `expires` is in seconds. To a
-- command, whole numbers are passed as they are: every server writes all of their digits.

local EPOCH, HIGHEST, ENDED, SESSIONS, SESSION, REVOKED = unpack(KEYS)

local function read_clock()
  local seconds, micros = unpack(redis.call('TIME'))
  return seconds * 1000 + math.floor(micros / 1000)
end

local NOW = read_clock()

-- In seconds: for so long after a session expires its index still has it, so that not each refresh
-- has to note it there.
local NOTED_AHEAD = 86400

local function read_number(key)
  return tonumber(redis.call('GET', key) or 0)
end

-- By a clock that is ahead, what is revoked would be dropped at once, and stay so when it is right.
local function kept_until(expires)
  return math.max(expires * 1000, NOW) + KEPT_AFTER_EXPIRY
end

-- A clock that was ahead must not keep us out until its time comes, so that what it wrote is lowered.
-- The app goes by an instant within an hour of a token's own time.
local function bounded(instant)
  return instant > NOW + MOST_AHEAD and NOW + LOWERED_TO or instant
end

-- If it was ahead for longer than revoked ids are kept, these may have gone meanwhile: all before
-- counts as lost, once.
local function right_epoch(epoch, highest)
  local was_ahead = highest > NOW + KEPT_AFTER_EXPIRY
  if not was_ahead and epoch == bounded(epoch) then
    return epoch
  end
  local judged = HIGHEST .. ':judged'
  if epoch ~= bounded(epoch) or highest > read_number(judged) then
    epoch = NOW + LOWERED_TO
    redis.call('SET', EPOCH, epoch)
    redis.call('SET', judged, highest, 'PX', EPOCH_KEPT)
  end
  return epoch
end

-- What belongs to the sessions that ended stays revoked by their ids.
local function right_end(ended_at)
  if ended_at ~= bounded(ended_at) then
    ended_at = bounded(ended_at)
    redis.call('SET', ENDED, ended_at, 'KEEPTTL')
  end
  return ended_at
end

-- Give an instant after the epoch and after all that ended tokens, or nil where there is no epoch.
local function next_instant()
  local epoch, highest, ended_at = unpack(redis.call('MGET', EPOCH, HIGHEST, ENDED))
  epoch, highest, ended_at = tonumber(epoch), tonumber(highest or 0), tonumber(ended_at or 0)
  if not epoch then
    return nil
  end
  epoch = right_epoch(epoch, highest)
  local instant = math.max(NOW, epoch + 1, right_end(ended_at) + 1)
  redis.call('SET', HIGHEST, math.max(instant, highest), 'PX', EPOCH_KEPT)
  redis.call('PEXPIRE', EPOCH, EPOCH_KEPT)
  return instant
end

local function revoke(key, expires)
  if expires > tonumber(redis.call('GET', key) or -1) then
    redis.call('SET', key, expires)
    redis.call('PEXPIREAT', key, kept_until(expires))
  end
end

-- Note a session in its subject's index, which is kept for as long as it has one. Give until when.
local function note_session(session, expires)
  local noted = expires + NOTED_AHEAD
  redis.call('ZADD', SESSIONS, noted, session)
  if redis.call('PTTL', SESSIONS) < math.max(0, noted * 1000 - NOW) then
    redis.call('PEXPIREAT', SESSIONS, noted * 1000)
  end
  return noted
end

local function start_session(session, subject, jti, expires, scope, instant, access_expires, origin)
  -- Nothing else adds a session to the index.
  redis.call('ZREMRANGEBYSCORE', SESSIONS, '-inf', math.floor(NOW / 1000))
  redis.call(
    'HSET', SESSION, 'subject', subject, 'unspent', jti, 'expires', expires, 'scope', scope,
    'started', instant, 'last_used', instant, 'access_expires', access_expires,
    'origin', origin, 'noted', note_session(session, tonumber(expires)), 'noted_for', expires
  )
  redis.call('PEXPIREAT', SESSION, expires * 1000)
end

-- Drop a session, and revoke its id for as long as any of its access tokens is good.
local function end_session(session, sessions)
  local access_expires = redis.call('HGET', SESSION, 'access_expires')
  redis.call('DEL', SESSION)
  redis.call('ZREM', sessions, session)
  revoke(REVOKED, tonumber(access_expires))
end
