-- List a subject's sessions, and drop from its index what expired.
-- KEYS[1]: the index. ARGV[1]: what comes before a session's id in its key.

local index, before = KEYS[1], ARGV[1]
local found = {}
for _, session in ipairs(redis.call('ZRANGE', index, 0, -1)) do
  local known = redis.call('HMGET', before .. session, 'started', 'last_used', 'expires', 'origin')
  if known[1] then
    found[#found + 1] = {session, known[1], known[2], known[3], known[4]}
  else
    redis.call('ZREM', index, session)
  end
end
return found
