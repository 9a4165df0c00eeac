"""Speed and memory of the fit core, alone and beside other tools: ``python -m benchmarks.run``."""
