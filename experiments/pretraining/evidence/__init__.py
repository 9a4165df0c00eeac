"""Evidence that was decided in advance: plan (docs/pretraining.md), runs and analysis."""
