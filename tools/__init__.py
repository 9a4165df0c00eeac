"""What is run before a release: a scan of the pins, a test of the wheel."""
