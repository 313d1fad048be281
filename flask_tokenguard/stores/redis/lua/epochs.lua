-- Give each of these tags its epoch, the instant of its first use, unless it has one; say whether one
-- was without.
-- KEYS: the epochs.

local is_new = 0
for _, epoch in ipairs(KEYS) do
  if redis.call('SET', epoch, NOW, 'PX', EPOCH_KEPT, 'NX') then
    is_new = 1
  end
end
return is_new
