"""Key material in any form -> `Key` objects that sign, verify, encrypt or decrypt.

Start at `text.read_entries` for configured keys, at `ring.KeyRing` for a folder of keys, at
`remote/` for the keys of another issuer.
"""
