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
local unspent, unspent_expires, unspent_scope, spent, spent_at, access_noted = unpack(redis.call(
  'HMGET', SESSION, 'unspent', 'expires', 'scope', 'spent', 'spent_at', 'access_expires'
))
if not unspent then
  if not begins_until or redis.call('EXISTS', KEYS[7]) == 1 then
    return {'ended', instant}
  end
  revoke(KEYS[7], begins_until)
  start_session(session, subject, presented, begins_until, '', instant, access_expires, origin)
  unspent, access_noted = presented, access_expires
end

local outcome
local changes = {}
if presented == unspent then
  outcome = 'advanced'
  changes = {
    'unspent', jti, 'expires', expires, 'scope', scope, 'spent', presented, 'spent_at', digits(NOW)
  }
  unspent, unspent_expires, unspent_scope = jti, expires, scope
  note_session(session, tonumber(expires))
elseif presented == spent and unspent == jti then
  -- The same caller asks again, since it did not hear the outcome.
  outcome = 'advanced'
elseif presented == spent and math.abs(NOW - tonumber(spent_at)) < tonumber(grace) then
  outcome = 'repeated'
else
  end_session(session, SESSIONS)
  if not spent_at then
    return {'reused', instant}
  end
  return {'reused', instant, math.max(0, NOW - tonumber(spent_at)), presented == spent and 0 or 1}
end

local noted = math.max(tonumber(access_noted), tonumber(access_expires))
changes = {'access_expires', digits(noted), 'last_used', digits(instant), unpack(changes)}
if origin ~= '' then
  changes = {'origin', origin, unpack(changes)}
end
redis.call('HSET', SESSION, unpack(changes))
return {outcome, instant, unspent, tonumber(unspent_expires), unspent_scope}
