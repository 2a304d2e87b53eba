"""What a scoring request's status means, by Microsoft's two tables: for managed endpoints and for Kubernetes."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any

from pytest_amlpreflight.data import Table, load
from pytest_amlpreflight.facts.project.spec import ProbeSettings, RequestSettings
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.scoring import Response, ScoringCall
from pytest_amlpreflight.facts.unreached import Unreached

SILENCES: dict[Unreached, tuple[str, str, str]] = {
    Unreached.NAME: ("its name does not resolve", "dig {host}", ""),
    Unreached.REFUSED: (
        "the connection is refused",
        "nc -vz {host} {port}",
        "(from the callers' network: nothing listens at the address to which the name leads)",
    ),
    Unreached.NOT_CONNECTED: (
        "the connection is not accepted in time",
        "nc -vz {host} {port}",
        "(from the callers' network: a firewall or a security group drops it)",
    ),
    Unreached.RESET: (
        "the connection breaks off",
        "curl -v https://{host}:{port}/",
        "(a firewall that looks into TLS resets what it does not like)",
    ),
    Unreached.TIMEOUT: ("no answer comes in time", "curl -v --max-time 180 https://{host}:{port}/", ""),
    Unreached.CERTIFICATE_NAME: (
        "its certificate is for another name",
        "openssl s_client -connect {host}:{port} -servername {host}",
        "(the address belongs to something else, or who serves the name shows the wrong certificate)",
    ),
    Unreached.CERTIFICATE_TRUST: (
        "its certificate is not trusted here",
        "openssl s_client -connect {host}:{port} -servername {host}",
        "(it says who signed: where that is your own proxy, let REQUESTS_CA_BUNDLE name a file with its authority)",
    ),
    Unreached.CERTIFICATE_EXPIRED: (
        "its certificate has run out",
        "openssl s_client -connect {host}:{port} -servername {host}",
        "(it says whose it is and until when it held: renew it there, for no caller can trust it again)",
    ),
    Unreached.PROXY: (
        "the proxy does not let the request through",
        "",
        "export NO_PROXY={host}, or let the proxy of HTTPS_PROXY pass CONNECT {host}:{port}",
    ),
    Unreached.ANOTHER: (
        "something else answers in its place, such as a proxy's page to sign in at",
        "curl -i https://{host}:{port}/",
        "(it shows whose page it is)",
    ),
    Unreached.FOREIGN: (
        "its scoring URI is not this cloud's, and no credential goes there",
        "az ml online-endpoint show --name {endpoint} --query scoring_uri",
        "(compare it with --aml-cloud)",
    ),
    Unreached.UNBOUNDED: (
        "its answer has no end",
        "curl -v --max-time 60 --max-filesize 16777216 https://{host}:{port}/score",
        "(it shows what is being sent)",
    ),
    Unreached.NO_HOST: (
        "its scoring URI is no address",
        "az ml online-endpoint show --name {endpoint} --query scoring_uri",
        "(and see what stands between Azure and here)",
    ),
    Unreached.FAILED: ("there is no way to it", "curl -v https://{host}:{port}/", ""),
}
"""Where no answer came: what that means, and the next step as a command and in words, with names to fill in."""


LONGEST_MANAGED, LONGEST_ON_KUBERNETES = 180, 300
"""The longest request timeouts that Azure admits, in seconds."""

LONGEST_ALREADY = (
    "request_timeout_ms is as long as Azure admits: make run() faster, the requests smaller, "
    "or take a larger instance type"
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a status says in plain words, and the next step: a `command` word by word, a `fix` in words, or both.
    `guide` is the place in Microsoft's documentation.
    """

    title: str
    meaning: str
    guide: str
    fix: str = ""
    command: tuple[str, ...] = ()


def meaning_of(call: ScoringCall, response: Response, endpoint: Endpoint, deployment: Deployment | None) -> Meaning:
    """The row that fits the answer, filled in; a status that no table has is said to be unknown."""
    row = next((row for row in table().rows if _fits(row, call, response, endpoint)), None)
    if row is None:
        return Meaning(
            f"HTTP {response.status} {response.reason}".rstrip(),
            "a status that neither of Microsoft's tables has: something between here and the endpoint answered",
            table().source,
            command=("curl", "-v", str(call.uri)),
        )
    words = _words(response, endpoint, deployment, call)
    title, meaning, fix = (str(row.get(part, "")).format_map(words) for part in ("title", "meaning", "fix"))
    if deployment and "{longer}" in row.get("command", "") and not may_wait_longer(deployment):
        return Meaning(title, meaning, row.get("guide", table().source), LONGEST_ALREADY)
    command = tuple(word.format_map(words) for word in shlex.split(row.get("command", "")))
    return Meaning(title, meaning, row.get("guide", table().source), fix, command)


def pending_limit(deployment: Deployment) -> int:
    """How many requests may be under way at once: more are refused with 429."""
    return 2 * settings_of(deployment).max_concurrent_requests_per_instance * deployment.instance_count


def settings_of(deployment: Deployment) -> RequestSettings:
    """The request settings in force: Azure's defaults where the deployment shows none."""
    return deployment.request_settings or RequestSettings()


TARGET_UTILISATION = 0.7
"""The share of an instance's concurrency that the guides plan with."""


def replicas_needed(
    requests_per_second: float, seconds: float, concurrency: int, utilisation: float = TARGET_UTILISATION
) -> int:
    """The guide's formula for the number of instances or replicas that carry a load.

    `utilisation` is the share at which replicas are added, where the deployment scales by one of its own. Rounded
    before it is raised to a whole number: 7 requests/s of 0.1 s are 1 instance at 0.7, whatever binary
    fractions make of it.
    """
    return ceil(round(requests_per_second * seconds / utilisation / concurrency, 9))


def silence_of(call: ScoringCall, endpoint: Endpoint) -> Meaning:
    """What it means that no answer came."""
    words = {"host": call.host, "port": call.port, "endpoint": endpoint.name}
    title, command, fix = SILENCES[call.unreached or Unreached.FAILED]
    split = tuple(word.format_map(words) for word in shlex.split(command))
    return Meaning(title, call.detail, table().source, fix.format_map(words), split)


@cache
def table() -> Table:
    """The dated table of statuses."""
    return load("scoring-statuses")


class _Words(dict[str, str]):
    """What is not known is in capitals, as tools' manuals write it: `DEPLOYMENT`."""

    def __missing__(self, name: str) -> str:
        return name.upper()


def _fits(row: Mapping[str, Any], call: ScoringCall, response: Response, endpoint: Endpoint) -> bool:
    said = f"{response.reason} {response.text[:2000]} {response.model_reason or ''} {call.credential_flaw or ''}"
    return (
        row["status"] == response.status
        and row.get("kind") in (None, "managed" if endpoint.managed else "kubernetes")
        and row.get("credential") in (None, call.credential)
        and row.get("chosen") in (None, call.deployment is not None)
        and row.get("routed") in (None, response.deployment is not None or any(endpoint.traffic.values()))
        and re.search(row.get("says", ""), said, re.IGNORECASE) is not None
    )


def _words(response: Response, endpoint: Endpoint, deployment: Deployment | None, call: ScoringCall) -> _Words:
    words = _Words(call.known)
    words["endpoint"] = endpoint.name
    words["model_status"] = response.model_status or "no status of its own"
    words["model_reason"] = response.model_reason or "none"
    words["timeout"] = "the request timeout"
    words["share"] = f"{TARGET_UTILISATION:g}"
    name = call.deployment or response.deployment or next(iter(endpoint.traffic), None)
    words |= {"deployment": name} if name else {}
    if deployment is not None:
        words["timeout"] = f"{settings_of(deployment).request_timeout_ms / 1000:g} s"
        words["pending"] = str(pending_limit(deployment))
        words["instances"] = str(deployment.instance_count)
        words["share"] = f"{deployment.scale_settings.utilisation or TARGET_UTILISATION:g}"
        words["more"] = str(deployment.instance_count + 1)
        words["longer"] = str(longer_timeout(deployment))
        words |= easier_probe(deployment, f"{response.reason} {response.text} {response.model_reason or ''}")
    return words


def longer_timeout(deployment: Deployment, seconds: float = 0.0) -> int:
    """The request timeout to try next, in milliseconds: twice today's, or thrice what a request took, as far as Azure
    admits it; never less than today's.
    """
    today = settings_of(deployment).request_timeout_ms
    limit = 1000 * (LONGEST_MANAGED if deployment.managed else LONGEST_ON_KUBERNETES)
    return max(today, min(limit, max(2 * today, round(3000 * seconds))))


def may_wait_longer(deployment: Deployment) -> bool:
    """Whether Azure admits a longer request timeout than today's."""
    return longer_timeout(deployment) > settings_of(deployment).request_timeout_ms


def easier_probe(deployment: Deployment, said: str) -> dict[str, str]:
    """The settings of the probe that failed, raised from today's: twice the delay, and no fewer tries."""
    name = "liveness_probe" if "liveness" in said.lower() else "readiness_probe"
    today = (deployment.liveness_probe if name == "liveness_probe" else deployment.readiness_probe) or ProbeSettings()
    delay, tries = max(60, 2 * today.initial_delay), max(30, today.failure_threshold)
    return {"delay": f"{name}.initial_delay={delay}", "tries": f"{name}.failure_threshold={tries}"}
