"""What Azure told us, one noun a file."""
