"""The built-in checks as items of pytest."""
