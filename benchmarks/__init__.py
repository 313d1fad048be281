"""How fast it is: ratios within one run, paired and interleaved, never a lone time.

`python -m benchmarks.request`, and `issuing`, `encryption` and `revocation` in its place, each with
`--short`.
"""
