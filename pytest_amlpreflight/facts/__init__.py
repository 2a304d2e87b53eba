"""Frozen values saying what Azure told us, one noun a file. Nothing here talks to anyone."""
