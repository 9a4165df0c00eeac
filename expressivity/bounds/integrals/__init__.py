"""Enclosed integrals and suprema, in ball arithmetic."""
