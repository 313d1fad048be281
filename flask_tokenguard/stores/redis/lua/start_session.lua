-- Begin a session; give its instant, or false where there is no epoch.
-- ARGV: session, subject; the refresh token's jti, expires, scope; access_expires, origin.

local session, subject, jti, expires, scope, access_expires, origin = unpack(ARGV)
local instant = next_instant()
if not instant then
  return false
end
start_session(session, subject, jti, expires, scope, instant, access_expires, origin)
return instant
