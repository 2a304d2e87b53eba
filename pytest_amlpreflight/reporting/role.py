"""`--aml-role`: the least that the identity behind a preflight must be allowed, as a role that can be created."""

import json
import re
import sys
from collections.abc import Mapping, Sequence

import pytest

from pytest_amlpreflight.facts.fleet import Reach, Scope
from pytest_amlpreflight.readers.connection.permissions import needed_permissions
from pytest_amlpreflight.run.preflight import Preflight
from pytest_amlpreflight.run.settings.given import given_by
from pytest_amlpreflight.run.settings.settings import Settings, read_settings
from pytest_amlpreflight.run.targets.fleet import find_fleet

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

NAME = "Azure ML preflight reader"


CLUSTER_ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: azure-ml-preflight-reader}
rules:
  - apiGroups: [""]
    resources: [namespaces, nodes, pods, pods/log, events, services, configmaps, resourcequotas, limitranges]
    verbs: [get, list]
  - {apiGroups: [apps], resources: [deployments], verbs: [get, list]}
  - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list]}
  - {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [get, list]}
  - {apiGroups: [amlarc.azureml.com], resources: [instancetypes, onlineendpoints], verbs: [get, list]}
"""
"""What a cluster has to allow. Secrets are not among it. Printed beside the role and not within: that goes to az."""


def role_definition(subscriptions: Sequence[str]) -> dict[str, object]:
    """The role in the form that `az role definition create --role-definition @-` takes. It only reads."""
    needed = needed_permissions()
    return {
        "Name": NAME,
        "IsCustom": True,
        "Description": "Reads what pytest-amlpreflight looks at before and after a deployment to an online endpoint.",
        "Actions": list(needed.actions),
        "NotActions": [],
        "DataActions": list(needed.data_actions),
        "NotDataActions": [],
        "AssignableScopes": [f"/subscriptions/{subscription}" for subscription in subscriptions],
    }


def print_role(config: pytest.Config, environ: Mapping[str, str]) -> int:
    """Print the role, assignable in the subscriptions of the workspaces and scopes that are configured.

    Raises `pytest.UsageError` without one: a role that is assignable nowhere cannot be created.
    """
    settings = read_settings(given_by(config), environ, config.rootpath)
    subscriptions = sorted({workspace.subscription for workspace in settings.workspaces} | _of_scopes(settings))
    if not subscriptions:
        raise pytest.UsageError(
            "--aml-role needs a workspace, whose subscription the role is for: --aml-workspace NAME, or --aml-scope"
        )
    sys.stdout.write(json.dumps(role_definition(subscriptions), indent=2) + "\n")
    sys.stderr.write(f"# For endpoints on Kubernetes, in the cluster: kubectl apply --filename -\n{CLUSTER_ROLE}")
    return pytest.ExitCode.OK


def _of_scopes(settings: Settings) -> set[str]:
    """The subscriptions of the scopes. What is called by a name, or holds several, is looked up in Azure: a role with
    data actions cannot be assigned to a management group.
    """
    named = {scope.subscription or scope.name for scope in settings.scopes if _says_its_subscription(scope)}
    if all(map(_says_its_subscription, settings.scopes)):
        return named
    arm = Preflight(settings, (), None).readings.azure.arm
    return {workspace.subscription for workspace in find_fleet(settings, arm)}


def _says_its_subscription(scope: Scope) -> bool:
    is_id = scope.reach is Reach.SUBSCRIPTION and _ID.fullmatch(scope.name)
    return bool(is_id) or scope.reach is Reach.RESOURCE_GROUP
