-- End all sessions of a subject by name, and its tokens up to the highest instant given.
-- ARGV: expires; what comes before a session's id in its key, and in that of its revocation.

local expires, before, revoked = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local highest = bounded(read_number(HIGHEST))
local ended_at = math.max(highest, next_instant() or NOW)
local kept = math.max(kept_until(expires), NOW + redis.call('PTTL', ENDED))
redis.call('SET', ENDED, ended_at)
redis.call('PEXPIREAT', ENDED, kept)
for _, session in ipairs(redis.call('ZRANGE', SESSIONS, 0, -1)) do
  local access_expires = redis.call('HGET', before .. session, 'access_expires')
  if access_expires then
    revoke(revoked .. session, tonumber(access_expires))
  end
  redis.call('DEL', before .. session)
end
redis.call('DEL', SESSIONS)
return 1
