"""Whether the packages of an environment let the inference server start."""

from dataclasses import replace
from typing import NoReturn

from pytest_amlpreflight.checks._packages import add_package
from pytest_amlpreflight.facts.project.environment import NOWHERE, Environment, Requirement, minor
from pytest_amlpreflight.facts.rules.serving_rules import ServerSeries, ServingRules
from pytest_amlpreflight.fix import EditLine
from pytest_amlpreflight.verdict import advise, blocked

SERVER = "azureml-inference-server-http"
NEWER_PYTHON = "3.11"
SERVER_BRINGERS = (SERVER, "azureml-defaults")


def judge_bringer(environment: Environment) -> None:
    """Nothing names the server: azureml-defaults brings one, and unknown packages may."""
    if any(environment.requirement(name) for name in SERVER_BRINGERS) or environment.unknown_because:
        return
    verdict = advise if environment.may_have_the_server else blocked
    verdict(
        f"{environment.shown} lacks the inference server",
        found=f"no {SERVER} in {environment.shown}",
        expected=f"{SERVER} among its packages: Azure adds none to a conda file",
        fix=add_package(environment, SERVER),
    )


def obstacle_of(series: ServerSeries, environment: Environment) -> str | None:
    """Why the series cannot be installed in the environment; None when nothing speaks against it."""
    if environment.python and not series.runs_on(environment.python):
        return f"{series.versions} needs Python {series.python}, and {environment.shown} has {environment.python}"
    for package in ("flask", "pydantic"):
        pinned, asked = environment.requirement(package), series.asks_of(package)
        if pinned and pinned.exact and not admits(asked, pinned.exact):
            return f"{series.versions} needs {package}{asked}, and {pinned.text} is pinned at {pinned.position}"
    return None


def clash_with(series: ServerSeries, environment: Environment, rules: ServingRules) -> str | None:
    """The package beside which the series does not start, unless another one brings what it then looks for."""
    installed, _ = rules.installed(environment.requirements)
    if "azureml-contrib-services" in installed and not series.leaves_open:
        return None
    found = next((environment.requirement(name) for name in series.clashes if environment.requirement(name)), None)
    if found:
        return f"{found.text} at {found.position} (No module named 'azureml.contrib')"
    opened = (name for name, survives in series.leaves_open.items() if not _held_to(environment, name, survives))
    name = next(opened, None)
    return name and f"the newest {name}, which it leaves open (cannot import name 'Markup')"


def _held_to(environment: Environment, name: str, survives: str) -> bool:
    """Whether the environment itself keeps the package to releases that the server survives."""
    own = environment.requirement(name)
    if own is None:
        return False
    return admits(survives, own.exact) if own.exact else own.admits("99") is False


def bundled_clash(environment: Environment, rules: ServingRules) -> Requirement | None:
    """The server that a pinned azureml-defaults brings along, as if it were named there."""
    defaults = environment.requirement("azureml-defaults")
    server = rules.bundled_server(defaults) if defaults else None
    return replace(defaults, name=SERVER, specifier=server) if defaults and server else None


def refuse_server(
    environment: Environment, server: Requirement | None, why: str, rules: ServingRules, how: str
) -> NoReturn:
    """Nothing will answer the probes; the way out is a release that fits, else a newer Python."""
    fitting = [
        series
        for series in rules.servers
        if obstacle_of(series, environment) is None and clash_with(series, environment, rules) is None
    ]
    where = server.position if server else environment.python_position or environment.position
    newer = EditLine(environment.python_position or environment.position, f"python={NEWER_PYTHON}")
    blocked(
        f"{SERVER} of {environment.shown} {how}",
        found=f"{server.text if server else 'an open version'} at {where}: {why}",
        expected=f"{SERVER}{fitting[-1].versions}" if fitting else "a newer Python, and the Flask of its server",
        fix=EditLine(where, f"{SERVER}{fitting[-1].versions}") if fitting else newer,
    )


def advise_of_setuptools(series: ServerSeries, environment: Environment) -> None:
    """Which setuptools comes with conda's pip is not said anywhere here, but the newest is likely."""
    pinned = environment.requirement("setuptools")
    old_python = minor(environment.python) or (3, 9)
    if not series.setuptools or old_python < (3, 9) or (pinned and pinned.admits("999") is False):
        return
    advise(
        f"{SERVER} {series.versions} of {environment.shown} imports pkg_resources, which new setuptools lack",
        found=pinned.text if pinned else f"no setuptools in {environment.shown}",
        expected=f"setuptools{series.setuptools}, or a newer server",
        fix=add_package(environment, f"setuptools{series.setuptools}"),
    )


def newest_server(python: str | None, rules: ServingRules) -> ServerSeries | None:
    """What an open version of the server leads to on that Python."""
    fitting = [series for series in rules.servers if python is None or series.runs_on(python)]
    return fitting[-1] if fitting else None


def admits(specifier: str, version: str) -> bool:
    """Whether a version fits, as far as both can be understood."""
    return Requirement("any", specifier, "", NOWHERE).admits(version) is not False
