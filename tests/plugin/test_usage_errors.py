"""What the operator gets for bad input: one sentence, exit code 4, no traceback."""

import socket

import pytest

DEPLOYMENT = "name: green\nendpoint_name: other\ninstance_type: Standard_DS3_v2\ninstance_count: 1\n"


def usage_error(pytester: pytest.Pytester, *arguments: str) -> str:
    """The one line that a run with these arguments ends with."""
    result = pytester.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR, result.stdout.str()
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    return "\n".join(line for line in result.errlines if line)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--aml-workspace", "a/b"],
            "'a/b' is neither a workspace's name nor its ARM id nor a path to its config.json",
        ),
        (["--aml-workspace", "/subscriptions/S/resourceGroups/G"], "is neither a workspace's name nor its ARM id"),
        (["--aml-workspace", "nowhere/config.json"], "cannot read"),
        (["--aml-endpoint", "nowhere.yml"], "nowhere.yml: does not exist"),
        (["--aml-deployment", "broken.yml"], "broken.yml:2"),
        (["--aml-deployment", "green.yml"], "green.yml:2: endpoint_name 'other' is not the endpoint given, 'iris'"),
        (["--aml-failure", "quota-family-exausted"], "did you mean quota-family-exhausted"),
        (["--aml-emulator", "green.yml"], "green.yml"),
        (["--aml-emulator", "nowhere.yml"], "nowhere.yml"),
        (["--aml-emulator-latency", "soon"], "'soon' is no duration such as 100ms or 0.1s"),
        (["--aml-cloud", "Cumulus"], "'Cumulus' is no cloud"),
        (["--aml-dns-server", "resolver"], "'resolver' is not an IP address with an optional port"),
        (["--aml-timeout", "-1"], "'-1' is not a number of seconds"),
        (["-o", "aml_phase=later"], "'later' is not a phase; there are pre, post, audit"),
        (["-o", "aml_workspace=", "--aml-phase", "post"], "needs a workspace"),
        (["-o", "aml_emulator=", "--aml-failure", "quota-family-exhausted"], "it needs --aml-emulator WORLD.yml"),
    ],
)
def test_bad_input_is_a_sentence(example: pytest.Pytester, arguments: list[str], sentence: str) -> None:
    """Each mistake is named with the option or file and line it was made in."""
    (example.path / "green.yml").write_text(DEPLOYMENT)
    (example.path / "broken.yml").write_text("name: blue\n  endpoint_name: iris\n")

    said = usage_error(example, *arguments)

    assert sentence in said
    assert said.startswith("ERROR: ")


@pytest.mark.parametrize("arguments", [["--aml-phase", "post"], ["--aml-endpoint", "iris"], ["--aml-phase", "audit"]])
def test_a_preflight_without_a_workspace_is_refused(pytester: pytest.Pytester, arguments: list[str]) -> None:
    """Nothing configured must never be a green run that looked at nothing."""
    said = usage_error(pytester, *arguments)

    assert f"{arguments[0]} needs a workspace" in said


def test_several_config_files_in_one_folder_are_refused(pytester: pytest.Pytester) -> None:
    """Which of them is meant cannot be guessed."""
    for folder in (pytester.path, pytester.mkdir(".azureml")):
        (folder / "config.json").write_text('{"workspace_name": "w", "resource_group": "g", "subscription_id": "s"}')

    said = usage_error(pytester, "--aml-phase", "pre")

    assert "has several: config.json and .azureml/config.json" in said


def test_a_port_in_use_is_a_sentence(example: pytest.Pytester) -> None:
    """The stand-alone emulator takes a port; one that is taken is said so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        result = example.runpython_c(
            f"import sys; sys.argv = ['emulator', 'world.yml', '--port', '{port}']\n"
            "import runpy; runpy.run_module('pytest_amlpreflight.emulator', run_name='__main__')"
        )

    assert result.ret != 0
    assert port in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_the_failures_are_listed(pytester: pytest.Pytester) -> None:
    """`--aml-failure list` names them all, without a run."""
    result = pytester.runpytest_inprocess("--aml-failure", "list")

    assert result.ret == pytest.ExitCode.OK
    assert any(line.startswith("workspace-in-legacy-mode ") for line in result.outlines)
