"""Which facts there are and which reads each of them needs: the graph between the readers and the fixtures.

A fact is a method whose arguments name the facts it needs, as a pytest fixture's do. Asking for one starts everything it
needs at once, each on a thread of its own, and once.
"""

from pytest_amlpreflight.inspection.deployment import DeploymentFacts as Facts
from pytest_amlpreflight.inspection.reading import Run, fact

__all__ = ["Facts", "Run", "fact"]
