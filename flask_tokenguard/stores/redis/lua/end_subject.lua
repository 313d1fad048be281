-- End all sessions of a subject, and its tokens, at the highest instant ever given.
-- ARGV: expires; what comes before a session's id in its key.

local expires, before = tonumber(ARGV[1]), ARGV[2]
local ended_at = math.max(NOW, read_number(HIGHEST), read_number(ENDED))
local kept = math.max(kept_until(expires), NOW + redis.call('PTTL', ENDED))
redis.call('SET', ENDED, digits(ended_at))
expire_at(ENDED, kept)
for _, session in ipairs(redis.call('ZRANGE', SESSIONS, 0, -1)) do
  redis.call('DEL', before .. session)
end
redis.call('DEL', SESSIONS)
return 1
