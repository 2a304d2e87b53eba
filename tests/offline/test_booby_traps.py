"""Without `--aml-local` nothing of the user's project runs, and no program that its files name."""

import os
import pickle
import shutil
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "example_project"
PROGRAMS = ("git", "pip", "pip3", "conda", "mamba", "docker", "az", "ssh", "keyring", "hg", "svn", "make", "bash")
MODULES = ("json.py", "yaml.py", "uv.py", "azure/__init__.py", "sitecustomize.py", "usercustomize.py", "src/json.py")
CONDA = """
channels: [conda-forge]
dependencies:
  - python=3.11
  - pip:
      - azureml-inference-server-http==1.5.1
      - git+https://contoso.example/team/lib.git@main
      - -e git+ssh://git@contoso.example/team/other.git
      - ours @ git+file://{root}/lib
      - more @ file://{root}/lib
      - wheel @ https://contoso.example/wheel-1.0.tar.gz
      - ./lib
      - -e ./lib
"""


class Trap:
    """What runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> object:
        return os.system, (self.command,)


@pytest.fixture
def sprung(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which whatever could be run leaves its name in a file, and a PATH of programs that do the same."""
    root, log = pytester.path, pytester.path / "sprung"
    shutil.copytree(EXAMPLE, root, dirs_exist_ok=True)
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n[tool.uv]\nkeyring-provider = 'subprocess'\n")
    for folder in (root / "lib", root / "azure", root / ".venv" / "bin", programs := root / "programs"):
        folder.mkdir(parents=True)
    python = f"open({str(log)!r}, 'a').write(__file__ + '\\n')\n"
    for name in (*MODULES, "setup.py", "lib/setup.py", "lib/backend.py", "deployments/score.py"):
        (root / name).write_text(python, encoding="utf-8")
    (root / "src" / "score.py").write_text(
        f"{python}def init():\n    pass\n\n\ndef run(data):\n    return data\n", encoding="utf-8"
    )
    backend = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (root / "lib" / "pyproject.toml").write_text(backend, encoding="utf-8")
    keyring = 'keyring-provider = "subprocess"\nindex-url = "https://me@contoso.example/simple"\n'
    (root / "uv.toml").write_text(keyring, encoding="utf-8")
    (root / "pip.conf").write_text(f"[global]\n{keyring}", encoding="utf-8")
    (root / "environment" / "conda.yml").write_text(CONDA.format(root=root), encoding="utf-8")
    (root / "model" / "model.pkl").write_bytes(pickle.dumps(Trap(f"echo unpickled >> {log}")))
    for place in [root / ".venv" / "bin" / "python", *(programs / name for name in PROGRAMS)]:
        place.write_text(f'#!/bin/sh\necho "$0 $@" >> {log}\n', encoding="utf-8")
        place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("VIRTUAL_ENV", str(root / ".venv"))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(root / "pip.conf"))
    return log


def test_nothing_of_a_project_runs_unasked(pytester: pytest.Pytester, sprung: Path) -> None:
    """Neither script nor model, no module beside them, no build backend, no interpreter of the project's, no git."""
    result = pytester.runpytest_inprocess(
        "-p",
        "no:cacheprovider",
        "--aml-deployment=deployments/blue.yml",
        "--aml-endpoint=endpoint.yml",
        "aml-preflight",
    )

    result.stdout.fnmatch_lines(["*environment/conda.yml is not a valid conda file*"])
    assert result.parseoutcomes()["passed"] > 10
    assert not sprung.exists(), sprung.read_text(encoding="utf-8")


def test_packages_are_resolved_without_running_any_of_them(pytester: pytest.Pytester, sprung: Path) -> None:
    """A conda file that is valid reaches the resolver, which gets neither addresses nor folders to look into."""
    conda = pytester.path / "environment" / "conda.yml"
    lines = conda.read_text(encoding="utf-8").splitlines(keepends=True)
    conda.write_text("".join(line for line in lines if "./lib" not in line and "more @" not in line), encoding="utf-8")

    result = pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "--aml-deployment=deployments/blue.yml", "-rA", "aml-preflight/environment.py"
    )

    result.stdout.fnmatch_lines(["PASSED *check_conda_file_is_valid*"])
    assert not sprung.exists(), sprung.read_text(encoding="utf-8")
