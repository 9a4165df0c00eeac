"""Whether a class contains a target: yes by recognition, no by obstructions."""
