"""A live deployment's timeouts and probes, which ARM writes as ISO 8601 durations and the spec as numbers."""

import re

from pytest_amlpreflight.facts.kubernetes.requirements import GPU, Requirements
from pytest_amlpreflight.facts.project.spec import ProbeSettings, RequestSettings, ScaleSettings, ScaleType
from pytest_amlpreflight.readers.connection.document import Document

_DURATION = re.compile(r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?")


def request_settings(properties: Document) -> RequestSettings | None:
    """Timeout and concurrency of scoring requests; None where Azure shows none, as for a deployment that never came to
    be.
    """
    found = properties.maybe("requestSettings")
    if found is None:
        return None
    default = RequestSettings()
    return RequestSettings(
        # Kubernetes deployments were seen with a timeout of zero, which no request could meet: it was not set.
        request_timeout_ms=_milliseconds(found, "requestTimeout", 0) or default.request_timeout_ms,
        max_concurrent_requests_per_instance=int(found.number("maxConcurrentRequestsPerInstance") or 1),
        max_queue_wait_ms=_milliseconds(found, "maxQueueWait", default.max_queue_wait_ms),
    )


def probe_settings(properties: Document, key: str) -> ProbeSettings | None:
    """The probe `livenessProbe` or `readinessProbe`; None where Azure shows none."""
    found = properties.maybe(key)
    if found is None:
        return None
    default = ProbeSettings()
    return ProbeSettings(
        initial_delay=_milliseconds(found, "initialDelay", default.initial_delay * 1000) // 1000,
        period=_milliseconds(found, "period", default.period * 1000) // 1000,
        timeout=_milliseconds(found, "timeout", default.timeout * 1000) // 1000,
        success_threshold=int(found.number("successThreshold") or default.success_threshold),
        failure_threshold=int(found.number("failureThreshold") or default.failure_threshold),
    )


def duration(milliseconds: int) -> str:
    """Milliseconds as Azure's tools write them: `PT5S`, `PT1M30.5S`."""
    minutes, seconds = divmod(milliseconds / 1000, 60)
    return f"PT{f'{minutes:g}M' if minutes else ''}{f'{seconds:g}S' if seconds or not minutes else ''}"


def requirements(properties: Document) -> Requirements:
    """What a Kubernetes deployment asks for and may use; nothing for a managed one."""
    found = properties.child("containerResourceRequirements")
    return Requirements(
        _amounts(found.strings("containerResourceRequests")), _amounts(found.strings("containerResourceLimits"))
    )


def scale_settings(properties: Document) -> ScaleSettings:
    """How the number of instances is found; only on Kubernetes by the load."""
    found = properties.child("scaleSettings")
    if (found.word("scaleType") or "").lower() != "targetutilization":
        return ScaleSettings()
    numbers = [found.number(key) for key in ("minInstances", "maxInstances", "targetUtilizationPercentage")]
    least, most, target = (None if number is None else int(number) for number in numbers)
    seconds = _milliseconds(found, "pollingInterval", 1000) // 1000
    return ScaleSettings(ScaleType.TARGET_UTILIZATION, least, most, target, seconds)


def _amounts(found: dict[str, str]) -> dict[str, str]:
    """By Kubernetes' names: Azure says `gpu` for the one that has a longer one there."""
    return {GPU if name == "gpu" else name: amount for name, amount in found.items()}


def _milliseconds(document: Document, key: str, default: int) -> int:
    """`PT5S`, `PT1M30S` or `PT0.5S` in milliseconds; a spelling that is none of ISO 8601 is no number, so the reader
    refuses it.
    """
    text = document.text(key)
    if text is None:
        return default
    match = _DURATION.fullmatch(text)
    if match is None or text in ("P", "PT"):
        return int(document.need_number(key))
    days, hours, minutes, seconds = (float(match[name] or 0) for name in ("days", "h", "m", "s"))
    return round(1000 * (86400 * days + 3600 * hours + 60 * minutes + seconds))
