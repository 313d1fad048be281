-- Spend a refresh token; give the outcome, an instant and the unspent token, or false where there
-- is no epoch. Of a token that was reused, give how old its successor is and whether it was used, if
-- there was one.
-- KEYS[7]: the revoked id of what was presented.
-- ARGV: session, presented; the successor's jti, expires, scope; grace, access_expires, origin. For a
-- token that may begin its session also its own expires, and the subject.

local session, presented, jti, expires, scope, grace, access_expires, origin = unpack(ARGV, 1, 8)
local begins_until, subject = tonumber(ARGV[9] or nil), ARGV[10]
local instant = next_instant()
if not instant then
  return false
end
local unspent, unspent_expires, unspent_scope, spent, spent_at, last_access, noted, noted_for = unpack(
  redis.call(
    'HMGET', SESSION,
    'unspent', 'expires', 'scope', 'spent', 'spent_at', 'access_expires', 'noted', 'noted_for'
  )
)
if not unspent then
  if not begins_until or redis.call('EXISTS', KEYS[7]) == 1 then
    return {'ended', instant}
  end
  revoke(KEYS[7], begins_until)
  start_session(session, subject, presented, begins_until, '', instant, access_expires, origin)
  unspent, last_access = presented, access_expires
end

last_access = math.max(tonumber(last_access), tonumber(access_expires))
local outcome
if presented == unspent then
  outcome = 'advanced'
  redis.call(
    'HSET', SESSION, 'unspent', jti, 'expires', expires, 'scope', scope, 'spent', presented,
    'spent_at', NOW, 'access_expires', last_access, 'last_used', instant, 'noted_for', expires
  )
  redis.call('PEXPIREAT', SESSION, expires * 1000)
  -- A worker of 0.1 notes a session until it expires, and writes down neither.
  if noted_for ~= unspent_expires or tonumber(noted or 0) < tonumber(expires) then
    redis.call('HSET', SESSION, 'noted', note_session(session, tonumber(expires)))
  end
  unspent, unspent_expires, unspent_scope = jti, expires, scope
elseif presented == spent
  and (unspent == jti or math.abs(NOW - tonumber(spent_at)) < tonumber(grace))
then
  -- With the same successor it is the same caller, which did not hear the outcome.
  outcome = unspent == jti and 'advanced' or 'repeated'
  redis.call('HSET', SESSION, 'access_expires', last_access, 'last_used', instant)
else
  end_session(session, SESSIONS)
  if not spent_at then
    return {'reused', instant}
  end
  return {'reused', instant, math.max(0, NOW - tonumber(spent_at)), presented == spent and 0 or 1}
end

if origin ~= '' then
  redis.call('HSET', SESSION, 'origin', origin)
end
return {outcome, instant, unspent, tonumber(unspent_expires), unspent_scope}
