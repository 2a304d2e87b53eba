"""One Azure resource a file: its document in, its fact out. Nothing here opens a file of the user's."""
