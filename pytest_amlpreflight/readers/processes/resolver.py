"""A real resolver's word on the pip packages: uv, for Linux and the environment's own Python.

It runs nothing of the user's: nothing is built, no git or local folder is looked into (requirements that name an
address stay out), and the interpreter that uv asks for its platform is this one, not one that it finds in the project.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from pytest_amlpreflight.facts.project.environment import Environment, normalised
from pytest_amlpreflight.facts.project.package_resolution import PackageResolution
from pytest_amlpreflight.readers.processes.children import output_of

OPTIONS = (
    "--python-platform=x86_64-unknown-linux-gnu",
    "--no-build",  # metadata of a source distribution is got by running its code, which no preflight may do
    "--no-python-downloads",  # the declared Python decides by its number, and need not be on this machine
    f"--python={sys.executable}",
    "--no-header",
    "--no-annotate",
    "--color=never",
    "--no-progress",
)
NEWEST_PATCH = ".99"
"""Conda installs the newest patch of `python=3.8`; uv takes `3.8` for 3.8.0, which much no longer runs on."""
OWN_INDEX = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
UNREACHABLE = re.compile(
    r"failed to fetch|error sending request|dns error|connection refused|timed? ?out|offline|not found in the cache",
    re.I,
)
SOURCES_ONLY = re.compile(r"building from source is disabled|no usable wheels|has no wheels|no-build", re.I)
NOT_FOUND = re.compile(r"(\S{1,200}) was not found in the (?:package registry|provided package locations)", re.I)
WARNING = re.compile(r"^warning:.*\n(?:[ \t]+(?:cause|caused by):.*\n)*", re.IGNORECASE | re.MULTILINE)
MOST_ERRORS = 50_000  # characters; its reason stands at the beginning
PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)
NO_VERSION = re.compile(r"there (?:is|are) no versions? of", re.IGNORECASE)


def resolve_packages(
    environment: Environment, *, timeout: float = 120, environ: Mapping[str, str] = os.environ
) -> PackageResolution:
    """Whether uv finds versions that satisfy all pip packages at once, without installing or building anything.

    It asks the registry that the user has configured for uv, and reads no project's settings. What comes from
    an address of its own is not asked for: a conflict between the others is only a doubt then.
    """
    listed = [each for each in environment.requirements if not each.is_conda]
    texts = [each.text for each in listed if not each.has_address]
    if not texts:
        why = "only packages from an address of their own" if listed else "no pip packages"
        return PackageResolution(unasked=f"{environment.shown} has {why}")
    if environment.python is None:
        return PackageResolution(unasked=f"{environment.shown} leaves the version of Python open")
    if environment.pip_options:
        return PackageResolution(unasked=f"{environment.shown} has options of its own: {environment.pip_options[0]}")
    uv = _uv()
    if uv is None:
        return PackageResolution(unasked="uv is not installed")
    command = [*uv, "pip", "compile", "-", f"--python-version={_release(environment)}", *OPTIONS]
    try:
        with tempfile.TemporaryDirectory() as elsewhere:
            found = output_of(command, timeout=timeout, cwd=elsewhere, env=environ, given="\n".join(texts))
    except subprocess.TimeoutExpired:
        return PackageResolution(unasked=f"uv did not answer in {timeout:.0f} s")
    except OSError as error:
        return PackageResolution(unasked=f"uv cannot be started: {error.strerror}")
    if found.returncode:
        answer = _classified(found.stderr, environ)
        return _doubted(answer) if len(texts) < len(listed) or environment.unknown_because else answer
    return PackageResolution(versions={normalised(name): version for name, version in PINNED.findall(found.stdout)})


def _release(environment: Environment) -> str:
    """The Python that conda will install, with its patch."""
    return environment.python_release or f"{environment.python}{NEWEST_PATCH}"


def _doubted(answer: PackageResolution) -> PackageResolution:
    """The answer where more packages come along than the resolver knows of: they may be what the others lack."""
    return PackageResolution(doubt=answer.conflict) if answer.conflict else answer


def _uv() -> list[str] | None:
    """The resolver of this Python's environment, else one on the path."""
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv"]
    found = shutil.which("uv")
    return [found] if found else None


def _classified(errors: str, environ: Mapping[str, str]) -> PackageResolution:
    """Only a conflict between the requirements themselves is a verdict; a mirror may lack what others have."""
    errors = WARNING.sub(
        "", errors[:MOST_ERRORS]
    )  # a Python that could not be fetched is no registry that could not be asked
    reason = _reason(errors)
    if UNREACHABLE.search(errors):
        return PackageResolution(unasked=f"no package registry could be asked: {reason}")
    if SOURCES_ONLY.search(errors):
        return PackageResolution(unasked=f"a package would have to be built: {reason}")
    missing = NOT_FOUND.search(errors)
    if missing:
        return PackageResolution(doubt=f"{missing.group(1)} is not in this machine's package registry")
    if NO_VERSION.search(errors) and any(environ.get(name) for name in OWN_INDEX):
        return PackageResolution(doubt=reason)
    if "No solution found" in errors:
        return PackageResolution(conflict=reason)
    return PackageResolution(unasked=f"uv could not tell: {reason}")


def _reason(errors: str) -> str:
    """The sentence after uv's headline, without its drawing."""
    lines = [re.sub(r"^[^\w`]+", "", line).strip() for line in errors.splitlines()]
    told = [line for line in lines if line and not line.startswith(("No solution found", "warning", "hint"))]
    text = " ".join(told) or "no reason given"
    text = text[text.find("Because") :] if "Because" in text else text
    text = text.replace(NEWEST_PATCH, "")
    return text if len(text) <= 400 else text[:397] + "..."
