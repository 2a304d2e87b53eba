"""What a run leaves behind as files: one module for each format, each a function from the record to text."""
