-- Give an instant for a token that is issued now; false where there is no epoch.

return next_instant() or false
