-- Revoke an id.
-- KEYS[1]: the revoked id. ARGV[1]: expires.

revoke(KEYS[1], tonumber(ARGV[1]))
return 1
