"""Readers of a cluster's own API. Only `get` and `list`, and never secrets."""
