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
        (["--aml-workspace", "a/b"], "'a/b' is no workspace: its name (3 to 33 letters"),
        (["--aml-workspace", "/subscriptions/S/resourceGroups/G"], "is no workspace: its name"),
        (["-o", "aml_local=maybe"], "ini aml_local: 'maybe' is neither true nor false"),
        (["--aml-deployment", "deploy/*.yml"], "no file matches deploy/*.yml in "),
        (["--aml-endpoint", "deployments/blue.yml"], "blue.yml:1: is an online deployment"),
        (["--aml-deployment", "endpoint.yml"], "endpoint.yml:1: is an online endpoint"),
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


def test_an_empty_switch_is_no_switch(example: pytest.Pytester) -> None:
    """`-o aml_local=` takes a team's setting back, as it does for every other key."""
    result = example.runpytest_inprocess("-o", "aml_local=", "-k", "script_starts", "-rs")

    result.stdout.fnmatch_lines(["*the script is not run on this machine (--aml-local)*"])


def test_a_pattern_names_files(example: pytest.Pytester) -> None:
    """An ini file has no shell to expand it."""
    result = example.runpytest_inprocess("-o", "aml_deployment=deployments/*.yml", "-v", "-k", "family_quota")

    result.stdout.fnmatch_lines(["*check_family_quota_fits_the_deployment?contoso-ml/iris/blue? PASSED*"])


@pytest.mark.parametrize("arguments", [["--aml-failure", "list"], ["--aml-workspace=contoso-ml"]])
def test_without_the_extra_the_emulator_says_how_to_get_it(example: pytest.Pytester, arguments: list[str]) -> None:
    """The plain install does not bring a web server."""
    result = example.runpython_c(
        f"import sys; sys.modules['starlette'] = None\nimport pytest; sys.exit(pytest.main({arguments!r}))"
    )

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --aml-* needs starlette*: pip install 'pytest-amlpreflight?emulator?'"])


def test_a_phase_may_be_written_out_where_it_is_the_default(pytester: pytest.Pytester) -> None:
    """`--aml-phase pre` on a run over files alone says nothing new."""
    pytester.copy_example(".")
    bare = ["-c", "/dev/null", "--rootdir=.", "-p", "no:randomly", "-k", "instance_count"]

    results = [
        pytester.runpytest_inprocess(*bare, "--aml-deployment=deployments/blue.yml", *phase)
        for phase in ([], ["--aml-phase=pre"])
    ]

    assert [result.parseoutcomes()["passed"] for result in results] == [1, 1]


def test_a_subscription_that_is_not_there_is_one_failure(example: pytest.Pytester) -> None:
    """A mistyped id is said once, with the ARM id and its sources; nothing else is judged by it."""
    result = example.runpytest_inprocess("--aml-subscription=00000000-0000-0000-0000-000000000000", "-rs")

    assert result.parseoutcomes()["failed"] == 1
    assert "errors" not in result.parseoutcomes()
    result.stdout.fnmatch_lines(
        [
            "the subscription of workspace contoso-ml does not exist",
            "*for /subscriptions/00000000-0000-*/workspaces/contoso-ml (subscription from --aml-subscription, *",
            "*check_workspace_is_ready: not reached: subscription 00000000-* does not exist",
        ]
    )


def test_a_workspace_that_is_not_there_is_one_failure(example: pytest.Pytester) -> None:
    """Where a resource group or a name is wrong, likewise."""
    for wrong in ("--aml-workspace=contoso-nl", "--aml-resource-group=nowhere"):
        result = example.runpytest_inprocess(wrong)

        assert result.parseoutcomes()["failed"] == 1
        result.stdout.fnmatch_lines(
            ["workspace contoso-?l does not exist", "*(subscription from ini aml_subscription*"]
        )
