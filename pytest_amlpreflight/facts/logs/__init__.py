"""A log as an engineer reads it: lines and records, the server's life, tracebacks, what ended it, and the causes."""
