"""The user's own files in, facts with positions out. Nothing here talks to Azure or starts a process."""
