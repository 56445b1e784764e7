"""How accurate automatically chosen 8-bit types are, on trained networks of seven families and real data.

``python -m benchmarks.accuracy`` prints the table of ``docs/accuracy.md``; the first run trains the networks.
"""
