"""The checks, one topic a module. Each is a plain function that takes facts and says its verdict.

Room for a new one: a `check_*` function here, its section in the topic's Markdown file beside it, its failure in
`emulator/failures`.
"""

TOPICS = ("workspace", "subscription", "endpoint", "deployment", "logs", "quota", "identity", "key_vault", "registry", "storage", "assets", "secrets", "network", "autoscale", "scoring")
"""The topics in the order in which they run: what stands behind much comes first."""
