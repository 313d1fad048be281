-- Give every tag its epoch, the instant of its first use; say whether one was without.
-- KEYS: the epochs.

local is_new = 0
for _, epoch in ipairs(KEYS) do
  if redis.call('SET', epoch, digits(NOW), 'PX', EPOCH_KEPT, 'NX') then
    is_new = 1
  else
    redis.call('PEXPIRE', epoch, EPOCH_KEPT)
  end
end
return is_new
