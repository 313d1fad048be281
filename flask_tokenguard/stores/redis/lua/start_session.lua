-- Begin a session; give its instant, or false where there is no epoch.
-- ARGV: session, subject; the refresh token's jti, expires, scope; access_expires, origin.

local session, subject, jti, expires, scope, access_expires, origin = unpack(ARGV)
local instant = next_instant()
if not instant then
  return false
end
redis.call(
  'HSET', SESSION, 'subject', subject, 'unspent', jti, 'expires', expires, 'scope', scope,
  'started', digits(instant), 'last_used', digits(instant),
  'access_expires', access_expires, 'origin', origin
)
note_session(session, tonumber(expires))
return instant
