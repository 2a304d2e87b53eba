"""The scoring script, run on this machine under the real inference server."""

from pytest_amlpreflight.facts.project.local_run import LocalRun, SampleAnswer
from pytest_amlpreflight.facts.project.script import Script
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.fix import shell
from pytest_amlpreflight.verdict import advise, blocked, check, not_applicable, not_reached

SHOWN_FRAMES = 8  # lines of the user's traceback
SHARE_FOR_OTHERS = 0.1  # of an instance's memory: the platform's own containers and the page cache


@check(
    "local",
    explains=(
        "UserScriptInitFailed",
        "UserScriptImportError",
        "UserScriptFunctionNotFound",
        "DeploymentCrashLoopBackOff",
        "ResourceNotReady",
        "ERR_2200",
        "KubernetesCrashLoopBackOff",
    ),
    phases=("pre",),
)
def check_script_starts(aml_local_run: LocalRun | None) -> None:
    """The script starts under the real inference server, within the time its probe allows.

    What fails here fails in the container too, with minutes of image build before it and a crash loop after it.
    """
    run = _run(aml_local_run)
    if run.has_started:
        _advise_of_other_versions(run)
        return
    blocked(
        f"{run.script} does not start: {run.reason or 'it ends without a word'}",
        found="\n".join(
            [f"{run.code} (locally)", *(run.traceback[-SHOWN_FRAMES:] or run.log[-4:]), *run.other_versions[:3]]
        ),
        expected=f"an answer to the liveness probe within {run.budget_seconds:.0f} s",
        fix=filter(None, [run.advice, shell("azmlinfsrv", "--entry_script", run.script)]),
    )


@check("local", explains=("502", "424", "UserScriptException", "400"), phases=("pre",))
def check_script_scores_the_sample(aml_local_run: LocalRun | None, aml_script: Script | None) -> None:
    """The sample request is answered with success.

    An exception in `run` becomes 424 behind a managed endpoint and 502 behind a Kubernetes one; its traceback is only
    in the container's log. Here it is in the verdict.
    """
    run = _run(aml_local_run)
    if not run.has_started:
        not_reached(f"{run.script} does not start")
    answer = run.sample
    if answer is None:
        not_applicable("there is no sample request (--aml-sample-request)")
    if answer.is_success and answer.error_text is None:
        _advise_of_bare_text(run, answer, aml_script)
        return
    if answer.is_success:
        blocked(
            f"{run.script} answers the sample with an error: {str(answer.error_text)[:80]}",
            found=f"HTTP {answer.status}, {answer.body[:200]}",
            expected="predictions; an error raised, or returned with a status of 400 or more",
            fix=f"raise the exception instead of returning its text in {run.script}",
        )
    status = f"HTTP {answer.status}" if answer.status else "no answer"
    blocked(
        f"{run.script} fails on the sample: {answer.reason or answer.body[:80] or status}",
        found="\n".join([status, *answer.traceback[-SHOWN_FRAMES:]]),
        expected="HTTP 200 for the sample request",
        fix=(
            shell("azmlinfsrv", "--entry_script", run.script),
            "(and send it the sample: curl --data @SAMPLE http://127.0.0.1:5001/score)",
        ),
    )


@check("local", explains=("PodOutOfMemory", "OutOfQuota", "KubernetesCrashLoopBackOff", "ERR_2100"), phases=("pre",))
def check_memory_fits_the_instance(
    aml_local_run: LocalRun | None, aml_deployment_spec: DeploymentSpec, aml_instance_memory_mib: float | None
) -> None:
    """What the server and its workers held in memory here, an instance has.

    A container above its memory is killed without a message. `aml_instance_memory_mib` is that of the instance type,
    or the Kubernetes limit; None where it is not known.
    """
    run, spec = _run(aml_local_run), aml_deployment_spec
    taken = run.measured.resident_mib
    if taken is None:
        not_applicable("memory was not measured: the script did not start, or psutil is not installed")
    if aml_instance_memory_mib is None:
        not_applicable(f"the memory of {spec.instance_type or 'the instance'} is not known here")
    usable = aml_instance_memory_mib * (1 - SHARE_FOR_OTHERS)
    if taken <= usable:
        return
    blocked(
        f"{run.script} needs more memory than {spec.instance_type or 'its container'} has",
        found=f"{taken:.0f} MiB at its peak here, with all workers",
        expected=f"at most {usable:.0f} of {aml_instance_memory_mib:.0f} MiB",
        fix=f"choose a larger instance_type at {spec.where('instance_type')}, or a smaller WORKER_COUNT",
        where=spec.position("instance_type"),
    )


def _advise_of_bare_text(run: LocalRun, answer: SampleAnswer, script: Script | None) -> None:
    """`return str(error)` answers 200 with words like `'data'`, which nobody tells from a prediction."""
    if answer.bare_text is None or script is None or not script.returned_errors:
        return
    advise(
        f"{run.script} answers the sample with a bare text, as it does with errors: {answer.bare_text[:60]}",
        found=f"HTTP {answer.status}, {answer.body[:200]}; exception text is returned at {script.returned_errors[0]}",
        expected="predictions that a caller can tell from errors",
        fix=f"raise instead of return at {script.returned_errors[0]}",
        where=script.returned_errors[0],
    )


def _advise_of_other_versions(run: LocalRun) -> None:
    if run.other_versions:
        advise(
            f"{run.script} loads a model that another release wrote",
            found=run.other_versions[0],
            expected="the release that made the model: others load it with a warning, or not at all",
            fix="pin that release in the conda file, or make the model anew",
        )


def _run(run: LocalRun | None) -> LocalRun:
    if run is None:
        not_applicable("the script is not run on this machine (--aml-local)")
    if run.not_run:
        not_applicable(run.not_run)
    return run
