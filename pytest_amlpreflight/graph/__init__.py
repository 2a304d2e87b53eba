"""Every fact, by noun: one function that is fact and fixture at once. Nothing here thinks."""

pytest_plugins = [
    "pytest_amlpreflight.graph.target",
    "pytest_amlpreflight.graph.subscription",
    "pytest_amlpreflight.graph.workspace",
    "pytest_amlpreflight.graph.region",
    "pytest_amlpreflight.graph.endpoint",
    "pytest_amlpreflight.graph.deployment",
    "pytest_amlpreflight.graph.cluster",
    "pytest_amlpreflight.graph.kubernetes",
    "pytest_amlpreflight.graph.assets",
    "pytest_amlpreflight.graph.secrets",
    "pytest_amlpreflight.graph.scoring",
    "pytest_amlpreflight.graph.project",
]
