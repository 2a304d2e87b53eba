"""The checks, one topic a module. Each is a plain function that takes facts and says its verdict.

Room for a new one: a `check_*` function here, its section in the topic's Markdown file beside it, its failure in
`emulator/failures`.
"""

TOPICS = (
    "spec",
    "code",
    "environment",
    "template",
    "workspace",
    "subscription",
    "endpoint",
    "deployment",
    "compute",
    "cluster",
    "extension",
    "router",
    "pods",
    "quota",
    "identity",
    "key_vault",
    "registry",
    "storage",
    "assets",
    "secrets",
    "network",
    "autoscale",
    "scoring",
    "logs",
    "local",
)
"""The topics in the order in which they run: the user's own files first, then what stands behind much else."""

OF_CLUSTERS = frozenset({"compute", "cluster", "extension", "router", "pods"})
"""The topics about the cluster behind a Kubernetes endpoint: a target whose endpoint is known to be managed before
anything is read has no test in them.
"""
