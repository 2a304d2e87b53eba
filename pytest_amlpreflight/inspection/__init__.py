"""Which facts there are and which reads each of them needs: the graph between the readers and the fixtures.

A fact is a method whose arguments name the facts it needs, as a pytest fixture's do. Asking for one starts everything
it needs at once, each on a thread of its own, and once. Facts stand together by noun, one class a file.
"""

from pytest_amlpreflight.inspection.assets import AssetFacts
from pytest_amlpreflight.inspection.deployer import DeployerFacts
from pytest_amlpreflight.inspection.deployment import DeploymentFacts
from pytest_amlpreflight.inspection.endpoint import EndpointFacts
from pytest_amlpreflight.inspection.image import ImageFacts
from pytest_amlpreflight.inspection.linked import LinkedFacts
from pytest_amlpreflight.inspection.model_size import ModelSizeFacts
from pytest_amlpreflight.inspection.policy import PolicyFacts
from pytest_amlpreflight.inspection.provisioning import AutoscaleFacts, DeploymentProvisioning, EndpointProvisioning
from pytest_amlpreflight.inspection.reading import Run, RunOptions, fact
from pytest_amlpreflight.inspection.region import RegionFacts
from pytest_amlpreflight.inspection.scoring import DeploymentScoringFacts, ScoringFacts
from pytest_amlpreflight.inspection.secrets import SecretFacts
from pytest_amlpreflight.inspection.spec import LocalFacts, SpecFacts
from pytest_amlpreflight.inspection.subscription import SubscriptionFacts
from pytest_amlpreflight.inspection.workspace import WorkspaceFacts

__all__ = ["Facts", "Run", "RunOptions", "fact"]


class Facts(
    AssetFacts,
    SecretFacts,
    EndpointProvisioning,
    DeploymentProvisioning,
    AutoscaleFacts,
    LinkedFacts,
    WorkspaceFacts,
    EndpointFacts,
    DeploymentFacts,
    ImageFacts,
    RegionFacts,
    ModelSizeFacts,
    SubscriptionFacts,
    DeployerFacts,
    PolicyFacts,
    ScoringFacts,
    DeploymentScoringFacts,
    SpecFacts,
    LocalFacts,
):
    """Every fact of a target, by name."""
