"""Why nobody is signed in, in the words of every source that was tried."""

import re
from collections.abc import Mapping

from pytest_amlpreflight.facts.unread import NotSignedIn

_ATTEMPT = re.compile(r"^\t(\w+)(?:: (.*))?$")
_INVITATION = re.compile(
    r"(?m)^(?:To mitigate this issue|Visit https://aka\.ms/).*$|See the troubleshooting guide[^:]*: https://\S+"
)
_TENANT = re.compile(r"must match (?:one of )?the tenants? 'https://sts\.[^/']+/([0-9a-fA-F-]{36})")
_VARIABLES = {
    "EnvironmentCredential": "AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET",
    "WorkloadIdentityCredential": "AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE",
    "ManagedIdentityCredential": "AZURE_CLIENT_ID, IDENTITY_ENDPOINT and IDENTITY_HEADER",
}


def not_signed_in(message: str, environ: Mapping[str, str]) -> NotSignedIn:
    """What `DefaultAzureCredential` says of its failure, source by source, with what to do about it."""
    attempts = attempts_in(message)
    return NotSignedIn("no identity gave a token", attempts, fixes_for(attempts, environ))


def token_refused(code: str, message: str, environ: Mapping[str, str]) -> NotSignedIn:
    """What Resource Manager says of a token that it does not take: one that expired, or that another tenant issued."""
    tenant = _TENANT.search(message)
    login = f"az login --tenant {tenant[1]}" if tenant else "az login"
    fixes = [fix if fix != "az login" else login for fix in fixes_for((), environ)]
    return NotSignedIn(
        "Azure Resource Manager refuses the token",
        [("Azure Resource Manager", f"{code}: {message}")],
        fixes,
        status=401,
        code=code,
        place=f"the sign-in to tenant {tenant[1]}" if tenant else "the sign-in",
    )


def attempts_in(message: str) -> tuple[tuple[str, str], ...]:
    """The sources that were tried, each with its own reason, in one line.

    azure-identity lists them as `<tab>AzureCliCredential: Please run 'az login' ...`, a reason over several lines where
    it is the output of a command; a credential that once gave a token fails without a list.
    """
    found: list[tuple[str, str]] = []
    for line in _INVITATION.sub("", message).splitlines():
        if attempt := _ATTEMPT.match(line):
            found.append((attempt[1], attempt[2] or ""))
        elif found:
            name, reason = found[-1]
            found[-1] = name, f"{reason} {line}"
    return tuple((name, _plain(name, reason)) for name, reason in found) or (_alone(message),)


def fixes_for(attempts: tuple[tuple[str, str], ...], environ: Mapping[str, str]) -> tuple[str, ...]:
    """How to sign in here: in a terminal, in GitHub Actions, in Azure Pipelines.

    A service principal, workload identity or managed identity that is there and is refused ends the search: then
    signing in elsewhere helps nobody, and its variables are named.
    """
    refused = _VARIABLES.get(attempts[-1][0]) if attempts else None
    first = [f"correct or unset {refused}: while they are set, no other identity is tried"] if refused else []
    if environ.get("GITHUB_ACTIONS"):
        return (*first, "azure/login@v2 in a step before this one, with permissions: {id-token: write}")
    if environ.get("TF_BUILD"):
        return (*first, "run pytest in an AzureCLI@2 task, which signs in with its azureSubscription")
    return (*first, "az login")


def _alone(message: str) -> tuple[str, str]:
    name, _, reason = message.partition(": ")
    if name.isidentifier() and name.endswith("Credential"):
        return name, _plain(name, reason)
    return "DefaultAzureCredential", _plain("", _INVITATION.sub("", message))


def _plain(name: str, reason: str) -> str:
    """One line, in which the source's name is not said again."""
    return " ".join(reason.split()).removeprefix(name).strip() or "gave no reason"
