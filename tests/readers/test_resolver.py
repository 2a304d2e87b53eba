"""The resolver's answers told apart, without a registry."""

import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_amlpreflight.facts.project.environment import Environment, EnvironmentSource
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.readers.processes import resolver
from pytest_amlpreflight.readers.project.requirement_lines import pip_requirement

REQUIREMENT = pip_requirement("numpy==1.26.4", Position("conda.yml", 3))
assert REQUIREMENT is not None
CONDA = Environment(EnvironmentSource.CONDA, "conda.yml", python="3.11", requirements=(REQUIREMENT,))


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A resolver that answers what the test writes into it."""
    path = tmp_path / "uv"
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setattr(resolver, "_uv", lambda: [str(path)])
    return path


def answers(uv: Path, errors: str, code: int = 1) -> None:
    """Let the resolver fail with these words."""
    uv.write_text(f"#!{sys.executable}\nimport sys\nsys.stderr.write({errors!r})\nsys.exit({code})\n", encoding="utf-8")


def test_packages_that_go_together_say_nothing(uv: Path) -> None:
    """A resolver that succeeds leaves every field empty."""
    answers(uv, "", 0)

    found = resolver.resolve_packages(CONDA)

    assert (found.conflict, found.doubt, found.unasked) == (None, None, None)


def test_resolver_is_asked_for_linux_and_the_declared_python(uv: Path, tmp_path: Path) -> None:
    """The command names platform and Python, never builds, and gets the requirements as its input."""
    log = tmp_path / "log"
    uv.write_text(f'#!/bin/sh\necho "$@" > {log}\ncat >> {log}\n', encoding="utf-8")

    resolver.resolve_packages(CONDA)

    command, requirements = log.read_text(encoding="utf-8").splitlines()[:2]
    assert "pip compile - --python-version=3.11.99 --python-platform=x86_64-unknown-linux-gnu --no-build" in command
    assert f"--python={sys.executable}" in command
    assert requirements == "numpy==1.26.4"


def test_python_that_is_pinned_to_its_patch_is_asked_for_as_it_is(uv: Path, tmp_path: Path) -> None:
    """`python=3.7.11` is no 3.7.0, and packages that need 3.7.1 run on it."""
    log = tmp_path / "log"
    uv.write_text(f'#!/bin/sh\necho "$@" > {log}\n', encoding="utf-8")

    resolver.resolve_packages(replace(CONDA, python="3.7", python_release="3.7.11"))

    assert "--python-version=3.7.11 " in log.read_text(encoding="utf-8")


def test_newest_patch_is_not_told_of(uv: Path) -> None:
    """The reason names the Python of the file, not the stand-in for its newest patch."""
    answers(
        uv,
        "  x No solution found\n  Because the requested Python version (>=3.11.99) does not satisfy Python<3.9, no.\n",
    )

    found = resolver.resolve_packages(CONDA)

    assert found.conflict == "Because the requested Python version (>=3.11) does not satisfy Python<3.9, no."


def test_packages_with_an_address_stay_out(uv: Path, tmp_path: Path) -> None:
    """Neither git nor a folder of the project's is looked into for them; the others are still held together."""
    log = tmp_path / "log"
    uv.write_text(f"#!/bin/sh\ncat > {log}\n", encoding="utf-8")
    address = pip_requirement("ours @ git+https://contoso.example/ours.git", Position("conda.yml", 4))
    assert address is not None

    resolver.resolve_packages(replace(CONDA, requirements=(*CONDA.requirements, address)))
    alone = resolver.resolve_packages(replace(CONDA, requirements=(address,)))

    assert log.read_text(encoding="utf-8") == "numpy==1.26.4"
    assert alone.unasked == "conda.yml has only packages from an address of their own"


def test_conflict_is_a_doubt_where_more_comes_from_elsewhere(uv: Path) -> None:
    """A package from an address may be the very one that the others lack in the registry."""
    answers(uv, "  x No solution found\n  Because a==1 depends on ours>=2 and only ours<2 is available, no.\n")

    found = resolver.resolve_packages(replace(CONDA, unknown_because="git+https://x may bring more"))

    assert (found.conflict, found.doubt is not None) == (None, True)


@pytest.mark.parametrize(
    ("errors", "field", "words"),
    [
        (
            "  x No solution found when resolving dependencies:\n  ╰─▶ Because numpy was not found in the cache and\n"
            "      you require numpy, we can conclude that your requirements are unsatisfiable.\n",
            "unasked",
            "no package registry could be asked",
        ),
        (
            "  x No solution found when resolving dependencies:\n  ╰─▶ Because you require numpy>=2 and numpy<2,\n"
            "      we can conclude that your requirements are unsatisfiable.\n",
            "conflict",
            "Because you require numpy>=2 and numpy<2, we can conclude that your requirements are unsatisfiable.",
        ),
        (
            "  x No solution found\n  ╰─▶ Because contoso-lib was not found in the package registry and you require it",
            "doubt",
            "contoso-lib is not in this machine's package registry",
        ),
        (
            "error: Failed to fetch: `https://x/`\n  Caused by: dns error",
            "unasked",
            "no package registry could be asked",
        ),
        (
            "  x No solution found\n  ╰─▶ Because a==1 has no usable wheels",
            "unasked",
            "a package would have to be built",
        ),
        (
            "warning: No Python was fetched.\n  cause: error sending request\n  cause: dns error\n"
            "error: No solution found when resolving dependencies\n  cause: Because you require a==1 and a==2, no.\n",
            "conflict",
            "Because you require a==1 and a==2, no.",
        ),
        ("error: something new", "unasked", "uv could not tell: error: something new"),
    ],
)
def test_answers_are_told_apart(uv: Path, errors: str, field: str, words: str) -> None:
    """Only a conflict of the requirements themselves is a verdict."""
    answers(uv, errors)

    found = resolver.resolve_packages(CONDA)

    assert str(getattr(found, field)).startswith(words)


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (replace(CONDA, requirements=()), "conda.yml has no pip packages"),
        (replace(CONDA, python=None), "conda.yml leaves the version of Python open"),
        (replace(CONDA, pip_options=("--index-url https://x",)), "conda.yml has options of its own"),
    ],
)
def test_unanswerable_questions_are_not_asked(environment: Environment, reason: str) -> None:
    """Without packages, a Python or the right index the resolver has nothing to say."""
    found = resolver.resolve_packages(environment)

    assert str(found.unasked).startswith(reason)


def test_missing_resolver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver is an extra."""
    monkeypatch.setattr(resolver, "_uv", lambda: None)

    found = resolver.resolve_packages(CONDA)

    assert found.unasked == "uv is not installed"


def test_slow_resolver_is_given_up(uv: Path) -> None:
    """A registry that does not answer holds up nobody."""
    uv.write_text("#!/bin/sh\nexec sleep 30\n", encoding="utf-8")

    found = resolver.resolve_packages(CONDA, timeout=0.2)

    assert found.unasked == "uv did not answer in 0 s"
