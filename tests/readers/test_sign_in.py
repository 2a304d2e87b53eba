"""Whoever is not signed in reads what was tried, why each source had no token, and how to sign in here."""

import socket
import time

import pytest
from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError

from pytest_amlpreflight.facts.unread import NotSignedIn
from pytest_amlpreflight.readers.connection.refusals import attempts_in, fixes_for, not_signed_in, token_refused
from pytest_amlpreflight.readers.connection.sign_in import default_credential, within

AUTHORITY = "login.microsoftonline.com"
CHAIN = """DefaultAzureCredential failed to retrieve a token from the included credentials.
Attempted credentials:
\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Environment variables are not configured.
Visit https://aka.ms/azsdk/python/identity/environmentcredential/troubleshoot to troubleshoot this issue.
\tManagedIdentityCredential: ManagedIdentityCredential authentication unavailable, no response from the IMDS endpoint.
\tAzureCliCredential: ERROR: AADSTS700082: The refresh token has expired due to inactivity.
Trace ID: 1
To re-authenticate, please run:
az login
\tAzurePowerShellCredential
To mitigate this issue, please refer to the troubleshooting guidelines here at https://aka.ms/azsdk/troubleshoot."""


def test_each_source_is_told_with_its_own_reason() -> None:
    """The Azure CLI's sentence included, however many lines it has; invitations to read on are left out."""
    assert attempts_in(CHAIN) == (
        ("EnvironmentCredential", "authentication unavailable. Environment variables are not configured."),
        ("ManagedIdentityCredential", "authentication unavailable, no response from the IMDS endpoint."),
        (
            "AzureCliCredential",
            "ERROR: AADSTS700082: The refresh token has expired due to inactivity. Trace ID: 1 To re-authenticate, "
            "please run: az login",
        ),
        ("AzurePowerShellCredential", "gave no reason"),
    )


def test_a_credential_that_fails_alone_is_told_alone() -> None:
    """Once a source has given a token, azure-identity asks it alone and lists nothing."""
    assert attempts_in("Please run 'az login' to set up an account") == (
        ("DefaultAzureCredential", "Please run 'az login' to set up an account"),
    )


@pytest.mark.parametrize(
    ("environ", "fix"),
    [
        ({}, "az login"),
        ({"GITHUB_ACTIONS": "true"}, "azure/login@v2 in a step before this one, with permissions: {id-token: write}"),
        ({"TF_BUILD": "True"}, "run pytest in an AzureCLI@2 task, which signs in with its azureSubscription"),
    ],
)
def test_the_fix_is_the_one_of_where_the_run_is(environ: dict[str, str], fix: str) -> None:
    """`az login` opens no browser in a pipeline."""
    assert fixes_for(attempts_in(CHAIN), environ) == (fix,)


def test_an_identity_that_is_there_and_refused_is_named_in_the_fix() -> None:
    """It ends azure-identity's search, so that signing in elsewhere helps nobody."""
    problem = not_signed_in("x\n\tEnvironmentCredential: Authentication failed: AADSTS7000215: Invalid secret.", {})

    assert problem.fixes == (
        "correct or unset AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET: while they are set, no other "
        "identity is tried",
        "az login",
    )


def test_the_message_shows_all_of_it() -> None:
    """What is wrong, what was tried, what to do: the words of the one ERROR of such a run."""
    assert str(not_signed_in("\tA: b\n\tAzureCliCredential: Azure CLI not found on path", {})) == (
        "not signed in: no identity gave a token\n"
        "  tried:    A: b\n"
        "            AzureCliCredential: Azure CLI not found on path\n"
        "  fix:      az login"
    )


def test_a_token_of_another_tenant_is_answered_with_the_tenant_to_sign_in_to() -> None:
    """Resource Manager names it in its refusal."""
    theirs = "72f988bf-86f1-41af-91ab-2d7cd011db47"
    message = (
        "The access token is from the wrong issuer 'https://sts.windows.net/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/'. "
        f"It must match the tenant 'https://sts.windows.net/{theirs}/' associated with this subscription."
    )

    problem = token_refused("InvalidAuthenticationTokenTenant", message, {})

    assert (problem.status, problem.code, problem.fixes) == (
        401,
        "InvalidAuthenticationTokenTenant",
        (f"az login --tenant {theirs}",),
    )
    assert problem.resource == f"the sign-in to tenant {theirs}"


@pytest.mark.parametrize(
    ("secret", "tenant"), [("", "72f988bf-86f1-41af-91ab-2d7cd011db47"), ("secret", ""), ("secret", "no tenant")]
)
def test_variables_that_make_no_sense_are_a_refusal(monkeypatch: pytest.MonkeyPatch, secret: str, tenant: str) -> None:
    """A pipeline hands an unset secret on as an empty one, of which azure-identity makes a `ValueError`."""
    monkeypatch.setenv("AZURE_CLIENT_ID", "72f988bf-86f1-41af-91ab-2d7cd011db47")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", secret)
    monkeypatch.setenv("AZURE_TENANT_ID", tenant)

    with pytest.raises(NotSignedIn, match=r"EnvironmentCredential: [\s\S]*unset AZURE_CLIENT_ID"):
        default_credential(AUTHORITY)


def test_a_certificate_that_is_not_there_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another shape of the same: azure-identity opens the file at once."""
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID"):
        monkeypatch.setenv(name, "72f988bf-86f1-41af-91ab-2d7cd011db47")
    monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", "nowhere.pem")

    with pytest.raises(NotSignedIn, match=r"No such file or directory: 'nowhere\.pem'"):
        default_credential(AUTHORITY)


def test_an_identity_that_never_answers_is_given_up() -> None:
    """A metadata service may accept a connection and stay silent."""
    listening = socket.create_server(("127.0.0.1", 0))

    def silent() -> AccessTokenInfo:
        with socket.create_connection(listening.getsockname()) as connection:
            connection.recv(1)
        raise AssertionError("it answered")

    begun = time.monotonic()
    with pytest.raises(ClientAuthenticationError, match=r"no identity gave an answer within 0 s"):
        within(0.2, silent)
    listening.close()

    assert time.monotonic() - begun < 2


def test_what_an_identity_raises_is_raised() -> None:
    """A time-out of its own is no end of our patience."""

    def refuses() -> AccessTokenInfo:
        raise TimeoutError("the command line took too long")

    with pytest.raises(TimeoutError, match="took too long"):
        within(5, refuses)
