"""One run of pytest: options, targets, the suite, waiting. Nothing below this room knows pytest."""
