"""The rules that age: what serves on Azure today, from dated tables that a project may replace."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from pytest_amlpreflight.data import Table, load
from pytest_amlpreflight.facts.project.environment import Requirement, normalised

LONGEST_NAME = 300
AHEAD = timedelta(days=180)
"""How long before its day an announced retirement concerns who deploys today."""
TABLES = (
    "inference-server-versions",
    "azureml-defaults",
    "python-releases",
    "mlflow-serving",
    "image-build-limits",
    "retirements",
    "online-endpoint-limits",
    "import-names",
    "package-dependencies",
    "base-images",
)


@dataclass(frozen=True, slots=True)
class ServerSeries:
    """A series of azureml-inference-server-http, and what it asks for, in pip's notation.

    `clashes` are packages beside which it ends before it answers, `leaves_open` those of which it installs releases
    that it does not survive, with the ones that it does.
    """

    first: str
    before: str
    python: str
    flask: str
    pydantic: str = ""
    setuptools: str = ""
    clashes: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    leaves_open: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def versions(self) -> str:
        """The series as pip writes it."""
        return f">={self.first},<{self.before}"

    def holds(self, version: str) -> bool:
        """Whether the version belongs to the series."""
        return _contains(self.versions, version)

    def runs_on(self, python: str) -> bool:
        """Whether the series installs on the minor version of Python."""
        return _contains(self.python, f"{python}.99")

    def asks_of(self, package: str) -> str:
        """Which versions of the package it takes; empty where it takes any."""
        return {"flask": self.flask, "pydantic": self.pydantic}.get(package, "")


@dataclass(frozen=True, slots=True)
class PythonRelease:
    """A minor version of Python: the last day of its support, and whether images can still be built with it."""

    version: str
    end_of_life: date
    builds: bool = True


@dataclass(frozen=True, slots=True)
class Retirement:
    """A name not to be built upon: an `instance_type` or an `image` out of support from a day on, an `image` that is
    deprecated, or a `small` size.
    """

    kind: str
    match: re.Pattern[str]
    name: str
    since: date | None = None

    def fits(self, kind: str, name: str, today: date) -> bool:
        """Whether the name is meant, and its day has come or comes while what is deployed today still runs."""
        lower = name.lower()[:LONGEST_NAME]
        found = self.match.search(lower) if kind == "image" else self.match.fullmatch(lower)
        return self.kind == kind and found is not None and (self.since is None or self.since <= today + AHEAD)


@dataclass(frozen=True, slots=True)
class ServingRules:
    """What can be served, as of the dates of the tables."""

    servers: tuple[ServerSeries, ...] = ()
    pythons: tuple[PythonRelease, ...] = ()
    mlflow_served: str = ""
    mlflow_requires: Mapping[str, date] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    retirements: tuple[Retirement, ...] = ()
    build_limits: Mapping[str, int] = field(default_factory=dict)
    import_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    brings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    as_of: Mapping[str, date] = field(default_factory=dict)
    bare_images: tuple[re.Pattern[str], ...] = ()
    """Base images that hold an interpreter, and neither packages nor the server."""
    bundled_servers: tuple[tuple[str, str], ...] = ()
    """Releases of azureml-defaults, and those of the server that they bring along; both in pip's notation."""

    def server(self, version: str) -> ServerSeries | None:
        """The series of a version of the inference server; None for one the table does not know."""
        return next((series for series in self.servers if series.holds(version)), None)

    def servers_admitted(self, requirement: Requirement | None) -> tuple[ServerSeries, ...]:
        """The series that a requirement leaves open, oldest first; all where nothing is required."""
        return tuple(series for series in self.servers if requirement is None or _overlaps(series, requirement))

    def bundled_server(self, defaults: Requirement) -> str | None:
        """The server that a pinned azureml-defaults brings along, in pip's notation; None where nobody knows."""
        pin = defaults.exact
        return next((server for releases, server in self.bundled_servers if pin and _contains(releases, pin)), None)

    def is_bare(self, image: str) -> bool:
        """Whether the image is one of Azure's that hold nothing by themselves, made to be given a conda file."""
        return any(each.search(image[:LONGEST_NAME]) for each in self.bare_images)

    def python(self, version: str) -> PythonRelease | None:
        """The release of a minor version such as `3.11`; None for one the table does not know."""
        return next((release for release in self.pythons if release.version == version), None)

    def retired(self, kind: str, name: str, today: date) -> Retirement | None:
        """What is to be said of an instance type (`instance_type`, `small`) or of an image; None for nothing."""
        return next((each for each in self.retirements if each.fits(kind, name, today)), None)

    def distributions(self, module: str) -> tuple[str, ...]:
        """The distributions any of which provides the dotted module."""
        parts = module.split(".")
        for length in range(len(parts), 0, -1):
            known = self.import_names.get(".".join(parts[:length]))
            if known:
                return known
        return (normalised(parts[0]),)

    def installed(self, requirements: tuple[Requirement, ...]) -> tuple[frozenset[str], frozenset[str]]:
        """The packages that the requirements install, and those among them that may bring more than is known."""
        waiting = [name for each in requirements for name in _with_extras(each)] + ["python"]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(self.brings.get(name, ()))
        required = {each.name for each in requirements}
        return frozenset(seen), frozenset(name for name in required if name not in self.brings)


def read_rules(overrides: Path | None = None) -> ServingRules:
    """The rules from the plugin's tables, or from a project's folder where it has a table of the same name."""
    tables = {name: load(name, overrides) for name in TABLES}
    mlflow = tables["mlflow-serving"].rows
    return ServingRules(
        servers=tuple(_series(row) for row in tables["inference-server-versions"].rows),
        pythons=tuple(
            PythonRelease(str(row["python"]), row["end_of_life"], bool(row.get("builds", True)))
            for row in tables["python-releases"].rows
        ),
        mlflow_served=",".join(row["versions"] for row in mlflow if row["rule"] == "served"),
        mlflow_requires={normalised(row["package"]): row["since"] for row in mlflow if row["rule"] == "required"},
        limits=_values(tables["online-endpoint-limits"]),
        retirements=tuple(
            Retirement(row["kind"], re.compile(row["match"]), row["name"], row.get("since"))
            for row in tables["retirements"].rows
        ),
        build_limits=_values(tables["image-build-limits"]),
        import_names={row["module"]: tuple(row["distributions"]) for row in tables["import-names"].rows},
        brings={row["package"]: tuple(row["brings"]) for row in tables["package-dependencies"].rows},
        as_of={name: table.as_of for name, table in tables.items()},
        bare_images=tuple(re.compile(row["match"]) for row in tables["base-images"].rows),
        bundled_servers=tuple(
            (f">={row['from']},<{row['before']}", row["server"]) for row in tables["azureml-defaults"].rows
        ),
    )


def _series(row: Mapping[str, Any]) -> ServerSeries:
    return ServerSeries(
        row["from"],
        row["before"],
        row["python"],
        row["flask"],
        row.get("pydantic", ""),
        row.get("setuptools", ""),
        tuple(row.get("clashes", ())),
        tuple(row.get("releases", ())),
        row.get("leaves_open", {}),
    )


def _values(table: Table) -> dict[str, int]:
    return {row["limit"]: int(row["value"]) for row in table.rows}


def _with_extras(requirement: Requirement) -> list[str]:
    return [requirement.name, *(f"{requirement.name}[{extra}]" for extra in requirement.extras)]


def _overlaps(series: ServerSeries, requirement: Requirement) -> bool:
    """Whether an exact pin lies inside the series, or any of its releases in the range."""
    if requirement.exact is not None:
        return series.holds(requirement.exact)
    return any(requirement.admits(release) for release in series.releases or (series.first,))


def _contains(specifier: str, version: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False
