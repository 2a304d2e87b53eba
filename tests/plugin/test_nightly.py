"""The example's nightly pipelines: their commands, as written, against the embedded Azure."""

import json
import os
import sys
from pathlib import Path

import pytest
import yaml
from conftest import EXAMPLE


def commands(name: str) -> list[str]:
    """The commands of a pipeline that run pytest."""
    content = yaml.safe_load((EXAMPLE / name).read_text(encoding="utf-8"))
    steps = content["steps"] if "steps" in content else content["jobs"]["audit"]["steps"]
    lines = [step.get("run") or step.get("inputs", {}).get("inlineScript", "") for step in steps]
    return [line for line in lines if "--aml-phase" in line]


@pytest.mark.parametrize("name", [".github/workflows/nightly.yml", "azure-pipelines-nightly.yml"])
def test_a_nightly_pipeline_runs_as_it_is_written(
    example: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One command; after two nights there are two nights of history, the page, the summary, and nothing to mend."""
    monkeypatch.setenv("AZURE", "")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    (command,) = commands(name)

    first, second = (example.run("bash", "-c", command) for _ in range(2))

    assert (first.ret, second.ret) == (0, 0)
    nights = sorted((example.path / "history").iterdir())
    assert [json.loads(night.read_text(encoding="utf-8").splitlines()[0])["phase"] for night in nights] == ["audit"] * 2
    assert (example.path / "audit.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (example.path / "audit.md").read_text(encoding="utf-8").startswith("## aml-preflight, phase audit")
    assert "exit 1" in (example.path / "fixes.sh").read_text(encoding="utf-8")
