"""A run over files alone: where the files are looked up, and how they are called."""

import pytest


@pytest.fixture
def without_instances(example: pytest.Pytester) -> pytest.Pytester:
    """The example without a workspace, whose deployment asks for no instances."""
    example.path.joinpath("pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
    spec = example.path / "deployments" / "blue.yml"
    text = spec.read_text(encoding="utf-8")
    spec.write_text(text.replace("instance_count: 3", "instance_count: 0"), encoding="utf-8")
    return example


@pytest.mark.parametrize(("folder", "file"), [(".", "deployments/blue.yml"), ("deployments", "blue.yml")])
def test_a_spec_is_found_from_where_pytest_was_started(
    without_instances: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, folder: str, file: str
) -> None:
    """Every reader then finds it, and verdicts call it by its way from the rootdir."""
    monkeypatch.chdir(without_instances.path / folder)

    result = without_instances.runpytest_inprocess("--aml-deployment", file, "aml-preflight/spec.py")

    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["deployment blue has no instances", "*found: *at deployments/blue.yml:*"])


def test_a_placeholder_is_one_sentence(without_instances: pytest.Pytester) -> None:
    """A template of a spec is none yet."""
    spec = without_instances.path / "deployments" / "blue.yml"
    spec.write_text("name: blue\nendpoint_name: {{ENDPOINT_NAME}}\n", encoding="utf-8")

    result = without_instances.runpytest_inprocess("--aml-deployment", "deployments/blue.yml")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: deployments/blue.yml:2: endpoint_name is a placeholder that has not been*"])


def test_a_run_can_be_told_to_stay_over_files(without_instances: pytest.Pytester) -> None:
    """A `config.json` beside the spec, even one that was never filled in, does not take it over."""
    content = '{"subscription_id": "<ID>", "resource_group": "<GROUP>", "workspace_name": "<WORKSPACE>"}'
    without_instances.path.joinpath("config.json").write_text(content, encoding="utf-8")

    result = without_instances.runpytest_inprocess(
        "--aml-offline", "--aml-deployment", "deployments/blue.yml", "aml-preflight/spec.py"
    )

    result.stdout.fnmatch_lines(["*deployment blue has no instances*"])


def test_staying_over_files_needs_files(without_instances: pytest.Pytester) -> None:
    """There is nothing else to look at."""
    result = without_instances.runpytest_inprocess("--aml-offline", "aml-preflight/spec.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --aml-offline looks at files before a deployment: --aml-deployment FILE"])


def test_the_endpoint_may_be_named_beside_the_file(without_instances: pytest.Pytester) -> None:
    """As az takes --endpoint-name: many samples leave it to the command line."""
    spec = without_instances.path / "deployments" / "blue.yml"
    text = spec.read_text(encoding="utf-8")
    spec.write_text(text.replace("endpoint_name: iris\n", ""), encoding="utf-8")

    result = without_instances.runpytest_inprocess(
        "--aml-endpoint", "rose", "--aml-deployment", "deployments/blue.yml", "aml-preflight/spec.py"
    )

    result.stdout.fnmatch_lines(["*check_instance_count_is_valid[[]rose/blue]*"])


def test_files_may_be_given_other_names(without_instances: pytest.Pytester) -> None:
    """As az takes --name: one file may be deployed under several."""
    result = without_instances.runpytest_inprocess(
        "--aml-deployment=red=deployments/blue.yml", "--aml-deployment=pink=deployments/blue.yml", "-v", "-k", "_count_"
    )

    result.stdout.fnmatch_lines(
        ["*check_instance_count_is_valid?iris/pink?*", "*check_instance_count_is_valid?iris/red?*"]
    )


def test_what_cannot_be_written_is_a_line_and_no_success(without_instances: pytest.Pytester) -> None:
    """The verdicts stand; a night that loses its page must not look well."""
    (without_instances.path / "file").touch()

    result = without_instances.runpytest_inprocess(
        "--aml-deployment=deployments/blue.yml", "--aml-report=file/page.html", "--aml-fix=fix.sh",
        "--aml-history=file",
        "-k", "deployment_name_is_valid",
    )  # fmt: skip

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(
        ["aml-preflight: could not write *page.html: *", "aml-preflight: wrote *fix.sh", "*could not write *file: *"]
    )
