"""Functions to approximate, and where they live."""
