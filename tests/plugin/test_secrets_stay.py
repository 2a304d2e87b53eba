"""What an attacker or an accident put into Azure's answers and the user's files is in nothing that a run writes."""

import os
from pathlib import Path

import pytest

PLANTED = "Zq7-planted-0123456789abcdef"
ERROR = f"AccountKey={PLANTED};EndpointSuffix=x, https://h/?sv=1&sig={PLANTED}&x=1, the password is {PLANTED}"


def written(folder: Path) -> list[str]:
    """The files below the folder that hold what was planted, the world itself aside."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".yml" and PLANTED.encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("phase", ["pre", "post"])
def test_an_error_of_azures_with_secrets_in_it_leaves_none_behind(example: pytest.Pytester, phase: str) -> None:
    """On the screen with everything on, in JUnit, in the cache and in pytest's own debug file."""
    world = example.path / "world.yml"
    fault = f'{{kind: status, status: 400, code: BadRequest, message: "{ERROR}", resource: "*/contoso-ml-kv"}}'
    logged = fault.replace("*/contoso-ml-kv", "*/deployments/blue")
    world.write_text(f"{world.read_text(encoding='utf-8')}\nfaults: [{fault}, {logged}]\n", encoding="utf-8")
    loud = ("-vv", "-l", "--tb=long", "--log-cli-level=DEBUG", "--junitxml=out.xml", f"--debug={os.devnull}")

    result = example.runpytest_subprocess(*loud, "--aml-phase", phase, "-k", "key_vault or deployment or identity")

    assert "[redacted]" in result.stdout.str()
    assert PLANTED not in result.stdout.str() + result.stderr.str()
    assert written(example.path) == []
