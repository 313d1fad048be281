-- End a session; say whether there was one.
-- ARGV: session; whose it must be, or empty; what comes before a subject in the key of its index.

local session, demanded, before = unpack(ARGV)
local subject = redis.call('HGET', SESSION, 'subject')
if not subject or (demanded ~= '' and demanded ~= subject) then
  return 0
end
end_session(session, before .. subject)
return 1
