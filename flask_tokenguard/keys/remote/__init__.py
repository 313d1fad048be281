"""The address of an issuer -> its public keys, through outages and rotations.

Start at `keys.RemoteKeys.find`. `configured` reads a set that needs no fetch, and
`former` the one key of a program that issued for us before.
"""
