"""What an error means: by Azure's own words where they name the cause, else by its codes."""

import pytest

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.errors.azure_error import AzureError, ErrorLink
from pytest_amlpreflight.facts.errors.meaning import (
    CodeMeaning,
    codes_in,
    meaning_of,
    meaning_of_error,
    names_in,
)


def lines(meaning: CodeMeaning, **words: str) -> list[str]:
    """Its commands as they are written."""
    return [" ".join(command) for command in meaning.commands_for(words)]


def an_error(*levels: tuple[str | None, str]) -> AzureError:
    """An error with these codes and messages, the outermost first."""
    return AzureError(tuple(ErrorLink(code, message) for code, message in levels))


# The guide's own wordings, and texts of public threads.
@pytest.mark.parametrize(
    ("code", "message", "title"),
    [
        ("ImageBuildFailure", "container registry authorization failure", "the workspace's keys for its registry"),
        (
            "ImageBuildFailure",
            "Failed to communicate with the workspace's container registry",
            "nothing can build images",
        ),
        ("ImageBuildFailure", "The image build timed out after 3600 s", "the image build took longer"),
        ("ImageBuildFailure", "pip: ResolutionImpossible: for help visit", "conda or pip could not install"),
        ("ImageBuildFailure", "CondaEnvException: Pip failed", "conda or pip could not install"),
        ("OutOfQuota", "Not enough quota available for Standard_F4s_v2. Current usage/limit: 0/6", "the cores of"),
        ("InferencingClientCreateDeploymentFailed", "Not enough quota available for Standard_F4s_v2", "the cores of"),
        (
            "OutOfQuota",
            "Due to a lack of Azure ML capacity in the region, the service failed",
            "the region has no mach",
        ),
        (
            "OutOfQuota",
            "Kubernetes unschedulable. Details:0/1 nodes are available: 1 Too many pods",
            "the cluster's nodes",
        ),
        ("BadArgument", "Invalid template function specification: policy 'p'", "a policy's template function is wrong"),
        ("BadArgument", "Resource requests must be less than or equal to limits", "the container requests more than"),
        ("BadArgument", "azureml-fe is not ready", "azureml-fe, the cluster's router, is not ready"),
        ("BadArgument", "Unable to download user container image", "the container's image could not be downloaded"),
        ("BadArgument", "Unable to download user model", "model or code could not be downloaded"),
        ("BadArgument", "Startup task failed due to authorization error", "the endpoint's identity may not fetch"),
        ("BadArgument", "User container has crashed or terminated", "the container crashed"),
        ("BadArgument", "The private networking feature cannot be used with MLflow models", "an MLflow model without"),
        (None, "The workspace disallows this request (V1LegacyMode == true).", "the workspace is in v1 legacy mode"),
    ],
)
def test_azures_own_words_tell_causes_under_one_code_apart(code: str | None, message: str, title: str) -> None:
    """Each has its own advice; the code alone has the general one."""
    meaning = meaning_of_error(an_error(("BadRequest", "The request is invalid."), (code, message)))

    assert meaning is not None
    assert meaning.title.startswith(title)


def test_words_count_only_under_their_code() -> None:
    """A message may quote another failure: the code that Azure gives decides."""
    meaning = meaning_of_error(an_error(("ResourceNotReady", "waiting; not enough quota was reported an hour ago")))

    assert meaning is not None
    assert meaning.code == "ResourceNotReady"


def test_the_place_of_the_build_log_goes_into_the_advice() -> None:
    """Account, container and path are in the message; what is not known is in capitals."""
    said = "the build log under the storage account 'sa' in the container 'azureml' at the path 'dcid/20.txt'"

    meaning = meaning_of_error(an_error(("ImageBuildFailure", said)))

    assert meaning is not None
    assert "--account-name sa --container-name azureml --name dcid/20.txt" in lines(meaning)[0]


def test_advice_names_the_deployment_where_it_is_known() -> None:
    """And says DEPLOYMENT where it is not."""
    meaning = meaning_of_error(an_error(("BadArgument", "User container has crashed")))

    assert meaning is not None
    assert "--endpoint-name iris --name blue" in lines(meaning, endpoint="iris", deployment="blue")[0]
    assert "--endpoint-name ENDPOINT --name DEPLOYMENT" in lines(meaning)[0]


def test_a_command_does_without_what_only_narrows_it_down() -> None:
    """A list shows all where no name is known; a word is one word of the command, whatever is in it."""
    meaning = CodeMeaning("C", "", "", "", "c", commands=("az ml model list --name {model} --output table",))

    assert lines(meaning) == ["az ml model list --output table"]
    assert meaning.commands_for({"model": "my iris's"})[0][-3] == "my iris's"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("see https://aka.ms/oe-tsg#error-outofquota", "OutOfQuota"),
        ("OperationCanceled: another came first", "OperationCanceled"),
        ("how-to-troubleshoot-online-endpoints#error-resourcenotready", "ResourceNotReady"),
    ],
)
def test_a_code_that_stands_in_the_message_alone_is_found(message: str, code: str) -> None:
    """Azure sends `null`, or a wrapper, and names the code in the text."""
    assert codes_in(message) == [code]
    for outer in (None, "BadRequest"):
        meaning = meaning_of_error(an_error((outer, message)))
        assert meaning is not None
        assert meaning.code == code


def test_a_plain_word_is_no_code() -> None:
    """`Conflict` and `404` are words of any sentence."""
    assert codes_in("Conflict of 404 and BadRequest") == []


def test_where_a_container_may_have_started_is_told() -> None:
    """Only there can a log be fetched."""
    told = {code: getattr(meaning_of(code), "container", None) for code in ("ResourceNotReady", "ImageBuildFailure")}

    assert told == {"ResourceNotReady": True, "ImageBuildFailure": False}


def test_every_wording_stands_under_a_known_code() -> None:
    """Or under none, as what clients and sign-ins say; and has a title and advice."""
    for row in load("error-wordings").rows:
        assert all(meaning_of(code) for code in (row.get("code"), *row.get("also", ())) if code)
        assert row["title"]
        assert row["advice"]
        assert row.get("guide", "https://learn.microsoft.com/").startswith("https://learn.microsoft.com/")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Key vault contoso-kv denied the request: ForbiddenByFirewall", {"vault": "contoso-kv"}),
        ("GET https://kvprod.vault.azure.net/secrets/x: not a trusted service", {"vault": "kvprod"}),
        ("The key vault denied the request", {}),
        (
            "Unable to download user container image contoso.azurecr.io/azureml/azureml_92a0:latest.",
            {"registry": "contoso", "repository": "azureml/azureml_92a0"},
        ),
        ("image contoso.azurecr.io/a/b@sha256:0f is gone", {"registry": "contoso", "repository": "a/b"}),
        ("could not reach contoso.azurecr.io.", {"registry": "contoso"}),
        ("policy assignment 'broken', policy definition 'it'", {"assignment": "broken"}),
        ("not registered to use namespace 'Microsoft.Cdn'", {"namespace": "Microsoft.Cdn"}),
        ("no artifact at azureml://jobs/calm_fig_1/outputs/x", {"job": "calm_fig_1"}),
        ("The requested size Standard_NC24ads_A100_v4 is", {"size": "Standard_NC24ads_A100_v4"}),
    ],
)
def test_what_a_message_names_stands_in_the_advice(text: str, names: dict[str, str]) -> None:
    """An advice has a word in capitals only for what nobody said."""
    assert names_in(text) == names


def test_the_vault_of_a_message_is_the_one_to_open() -> None:
    """As it is named; a word in capitals where it is not."""
    named, unnamed = (
        meaning_of_error(an_error(("BadRequest", f"Key vault {name}denied the request: ForbiddenByFirewall")))
        for name in ("contoso-kv ", "")
    )

    assert named
    assert unnamed
    assert lines(named) == ["az keyvault update --name contoso-kv --bypass AzureServices"]
    assert lines(unnamed) == ["az keyvault update --name VAULT --bypass AzureServices"]


def test_a_known_error_beside_an_unknown_one_is_what_is_explained() -> None:
    """Azure lists a parameter that it does not like before the quota that is used up."""
    unknown = an_error(("BadRequest", "several"), ("InvalidParameter", "x"))
    beside = AzureError(unknown.levels, (ErrorLink("OutOfQuota", "Not enough quota available for Standard_F4s_v2"),))

    meaning = meaning_of_error(beside)

    assert meaning
    assert meaning.title.startswith("the cores of")
