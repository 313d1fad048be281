"""The programs of others, real and on loopback: their tokens in, our tokens out.

What is heavy has the mark `wire`, and `.ci/wire` runs it. Each row of `docs/compatibility.md` is
checked by the test that ran it.
"""
