"""How single lines of a spec are judged, and written as they should be."""

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.spec import (
    ComputeKind,
    DeploymentSpec,
    EndpointSpec,
    Placeholder,
    ProbeSettings,
)
from pytest_amlpreflight.fix import AddLine, EditLine, Fix, InWords
from pytest_amlpreflight.verdict import advise, blocked, for_each

FREE_TEXT = {"environment_variables", "tags", "properties", "description", "$schema"}  # Azure asks nothing of them


def write_line(spec: DeploymentSpec, field: str, value: object) -> Fix:
    """The field's line, or one below its parent's, or one more of the file, or where the parent lacks both of them."""
    parent, _, name = field.rpartition(".")
    line, where = f"{name}: {value}", spec.source.position(field)
    if spec.declares(field):
        return EditLine(where, line)
    if not parent:
        return AddLine(Position(where.path), line)
    return AddLine(where, line, parent) if spec.declares(parent) else InWords(f"write `{field}: {value}` into {where}")


def judge_placeholders(spec: DeploymentSpec | EndpointSpec) -> None:
    """Azure replaces no placeholders; where it asks nothing of a field, one that is left is advice."""

    def judge(each: Placeholder) -> None:
        verdict = advise if each.field.partition(".")[0] in FREE_TEXT else blocked
        verdict(
            f"{each.field} of {spec.name} has not been filled in",
            found=f"{each.word} at {spec.where(each.field)}",
            expected="a value: Azure replaces no placeholders",
            fix=f"replace {each.word} at {spec.where(each.field)}",
            where=spec.source.position(each.field),
        )

    for_each(judge, spec.placeholders)


def judge_target_utilization(spec: DeploymentSpec) -> None:
    """The settings of a Kubernetes deployment that scales by its load make sense together."""
    scale, where = spec.scale_settings, spec.where("scale_settings")
    if spec.kind is ComputeKind.MANAGED:
        blocked(
            f"deployment {spec.name} cannot scale by utilization",
            found=f"scale_settings.type = target_utilization at {where}",
            expected="type: default; managed deployments scale through Azure Monitor autoscale",
            fix=write_line(spec, "scale_settings.type", "default"),
        )
    least, most = scale.min_instances, scale.max_instances
    if (least is not None and least < 0) or (most is not None and most < max(least or 1, 1)):
        blocked(
            f"deployment {spec.name} can never have a valid number of instances",
            found=f"min_instances = {least}, max_instances = {most} at {where}",
            expected="0 <= min_instances <= max_instances, and max_instances of 1 or more",
            fix=f"correct min_instances and max_instances at {where}",
            where=spec.source.position("scale_settings"),
        )
    target = scale.target_utilization_percentage
    if target is not None and not 1 <= target <= 100:
        blocked(
            f"deployment {spec.name} scales at a utilisation that there is not",
            found=f"target_utilization_percentage = {target} at {where}",
            expected="1 to 100",
            fix=write_line(spec, "scale_settings.target_utilization_percentage", 70),
            where=spec.source.position("scale_settings.target_utilization_percentage"),
        )


def judge_probe_values(spec: DeploymentSpec, field: str, probe: ProbeSettings) -> None:
    """Azure's minimum is 1 everywhere; a delay of 0 is taken by Kubernetes and refused by nobody known."""
    values = {
        "period": probe.period,
        "timeout": probe.timeout,
        "success_threshold": probe.success_threshold,
        "failure_threshold": probe.failure_threshold,
    }
    for name, value in values.items():
        if value < 1 or probe.initial_delay < 0:
            name, value = (name, value) if value < 1 else ("initial_delay", probe.initial_delay)
            where = spec.where(f"{field}.{name}")
            blocked(
                f"{field} of {spec.name} has no valid {name}",
                found=f"{name} = {value} at {where}",
                expected=f"{name} of 1 or more",
                fix=write_line(spec, f"{field}.{name}", getattr(ProbeSettings(), name)),
            )


def judge_mirror_traffic(spec: EndpointSpec) -> None:
    mirrored = spec.mirror_traffic or {}
    if len(mirrored) > 1 or any(not 0 <= weight <= 50 for weight in mirrored.values()):
        where = spec.where("mirror_traffic")
        blocked(
            f"mirror traffic of endpoint {spec.name} is not allowed",
            found=f"{', '.join(f'{name}: {weight}' for name, weight in mirrored.items())} at {where}",
            expected="one deployment, and at most 50",
            fix=f"correct mirror_traffic at {where}",
            where=spec.source.position("mirror_traffic"),
        )
