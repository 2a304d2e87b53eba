"""What an attacker or an accident put into Azure's answers and the user's files is in nothing that a run writes."""

import os
from pathlib import Path

import pytest

PLANTED = "Zq7-planted-0123456789abcdef"
ERROR = f"AccountKey={PLANTED};EndpointSuffix=x, https://h/?sv=1&sig={PLANTED}&x=1, the password is {PLANTED}"


RAISED = """
def pytest_runtest_makereport(item, call):
    if call.excinfo:
        with open(item.config.rootpath / "raised.txt", "a") as file:
            file.write(f"{call.excinfo.value!r} {call.excinfo.exconly()}")
"""
"""A plugin that writes down what a test raised, as those of Allure and of some reports do."""


def written(folder: Path) -> list[str]:
    """The files below the folder that hold what was planted, the world itself aside."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".yml" and PLANTED.encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("phase", ["pre", "post"])
def test_an_error_of_azures_with_secrets_in_it_leaves_none_behind(example: pytest.Pytester, phase: str) -> None:
    """On the screen with everything on, in JUnit, the cache, pytest's own debug file and every file of a night; nor in
    what was raised, which some plugins write down; in the process itself as in a worker.
    """
    world = example.path / "world.yml"
    fault = f'{{kind: status, status: 400, code: BadRequest, message: "{ERROR}", resource: "*/contoso-ml-kv"}}'
    logged = fault.replace("*/contoso-ml-kv", "*/deployments/blue")
    scored = f'{{kind: status, status: 424, message: "{ERROR}", resource: "*/score"}}'
    world.write_text(f"{world.read_text(encoding='utf-8')}\nfaults: [{fault}, {logged}, {scored}]\n", encoding="utf-8")
    example.makepyfile(raised=RAISED)
    loud = (
        "-vv",
        "-l",
        "--tb=long",
        "--log-cli-level=DEBUG",
        "--junitxml=out.xml",
        "--debug=debug.log",
        "-p",
        "raised",
    )
    night = [f"--aml-report=night.{kind}" for kind in ("html", "json", "md", "sarif")]
    night += ["--aml-history=history", "--aml-fix=fix.sh", "--aml-waive=waive.txt", "--aml-annotate=github"]
    where = ("-n", "1") if phase == "post" else ()

    result = example.runpytest_subprocess(
        *loud, *night, *where, "--aml-phase", phase, "-k", "key_vault or deployment or identity or scoring"
    )

    assert "[redacted]" in result.stdout.str()
    assert PLANTED not in result.stdout.str() + result.stderr.str()
    assert written(example.path) == []
    assert {"night.html", "night.sarif", "fix.sh", "debug.log", "raised.txt", "out.xml"} <= set(
        os.listdir(example.path)
    )
