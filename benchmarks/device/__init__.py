"""Everything that one accelerator is for, in eight minutes: ``python -m benchmarks.device``."""
