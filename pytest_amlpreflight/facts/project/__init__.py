"""What the user's own files say, with the line that says it."""
