"""How fast it is: ratios within one run, paired and interleaved, never a lone time.

`python -m benchmarks.all` runs them all and keeps what they found, `python -m benchmarks.plot`
writes it into the pages. Each one runs by itself too, and shows with `--short` that it runs.
"""
