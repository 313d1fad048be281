"""How fast it is: ratios within one run, paired and interleaved, never a lone time.

`python -m benchmarks.request` and `python -m benchmarks.issuing`, each with `--short`.
"""
