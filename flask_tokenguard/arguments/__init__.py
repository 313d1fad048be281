"""What a caller writes -> a value, or an error with what to write. Start at `hints.advise`."""
