"""What the deployment's containers printed."""

from datetime import date

from pytest_amlpreflight.checks._inference_server import SERVER
from pytest_amlpreflight.facts.logs.causes import LogCause
from pytest_amlpreflight.facts.logs.exceptions import Traceback
from pytest_amlpreflight.facts.project.environment import Environment
from pytest_amlpreflight.facts.resources.build_log import BuildLog
from pytest_amlpreflight.facts.resources.container_log import Container, ContainerLog
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.rules.image_age import advice_after_days
from pytest_amlpreflight.fix import az, shell
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable, not_reached

CODES = (
    "ResourceNotReady", "UserScriptInitFailed", "UserScriptImportError", "UserScriptFunctionNotFound", "ERR_2200",
    "ERR_2100", "ERR_1300", "DeploymentCrashLoopBackOff", "KubernetesCrashLoopBackOff", "PodOutOfMemory", "OutOfQuota",
    "BadArgument", "424", "502", "504", "ImageBuildFailure", "UserScriptException",
)  # fmt: skip

NONE_CAME_UP = ": no container came up; --aml-local, or az ml online-deployment create --local, shows whether one can"


@check("logs", explains=CODES, phases=("post", "audit"), shows_logs=True)
def check_container_logs_are_clean(
    aml_live_deployment: Deployment | None, aml_container_logs: tuple[ContainerLog, ...]
) -> None:
    """Neither container's last start was ended by a known cause; and that of a deployment that failed, by none at all.

    The log is where the reason stands when Azure only says that a container is not ready. What a later success made up
    for, warnings, and the user's own words are no causes. An exception that no table knows is no failure of a
    deployment that serves: some request may have caused it.
    """
    if aml_live_deployment is None:
        not_reached("the deployment does not exist")
    deployment = aml_live_deployment
    failed = deployment.provisioning_state not in ("Succeeded", "Creating", "Updating", "Scaling")
    readings = [(log, log.reading(failed=failed)) for log in _available(aml_container_logs, failed=failed)]
    known = [(f"{log.container.value} log", cause) for log, reading in readings for cause in reading.causes]
    for_each(lambda found: _judge(f"deployment {deployment.name}", found[0], found[1], deployment), known)
    for log, reading in readings if deployment.provisioning_state != "Succeeded" else ():
        if reading.unknown:
            _unknown(deployment, log, reading.unknown)


@check("logs", explains=("ImageBuildFailure",), phases=("post", "audit"), shows_logs=True)
def check_image_build_has_succeeded(
    aml_live_deployment: Deployment | None, aml_image_build_log: BuildLog | None
) -> None:
    """The build of the deployment's image did not fail; where it did, its log is read for the cause.

    No container comes up then, and its log is empty: the reason stands near the end of the build's own log, in the
    workspace's storage account, where the error of the deployment names it.
    """
    if aml_live_deployment is None:
        not_reached("the deployment does not exist")
    if aml_image_build_log is None:
        not_applicable("no error names the log of an image's build")
    log, live, name = aml_image_build_log, aml_live_deployment, aml_live_deployment.name
    subject, place = f"deployment {name}: the build of its image failed", f"build log {log.place}"
    for_each(lambda cause: _judge(subject, place, cause, live, "a build that succeeds"), log.reading.causes)
    blocked(
        f"deployment {name}: the image of its environment could not be built",
        found="\n".join([f"build log {log.place}", *(log.last_lines or ["the log is not there any more"])]),
        expected="a build that succeeds",
        fix="build the environment apart, where its log is seen: az ml environment create --file ENVIRONMENT.yml",
    )


@check("logs", phases=("post", "audit"))
def check_image_is_recent(aml_live_deployment: Deployment | None, aml_container_logs: tuple[ContainerLog, ...]) -> None:
    """Advice: the Azure image that the container runs was built within the year.

    Microsoft rebuilds its images every few weeks for security, and retires old ones. The build date stands in the log
    of the container's start; it may have scrolled out of the lines that were read. That a year is old is our own rule,
    from the table `image-age`.
    """
    if aml_live_deployment is None:
        not_reached("the deployment does not exist")
    logs = _available(aml_container_logs)
    log = next((one for one in logs if one.image), None)
    if any(one.names_no_image for one in logs):
        advise(
            f"deployment {aml_live_deployment.name} runs an image from before July 2022",
            found="the container's start names no image: 'AzureML image information' is missing",
            expected=f"an image built within {advice_after_days()} days",
            fix="name a newer tag in the environment's image; images that are deprecated have successors: "
            "github.com/Azure/AzureML-Containers",
        )
        return
    if log is None or log.image is None:
        not_applicable("the log's last lines do not name an Azure image")
    image, built = log.image
    age = ((log.last_day or date.today()) - built).days
    if age > advice_after_days():
        advise(
            f"deployment {aml_live_deployment.name} runs an image that is {age} days old",
            found=f"{image}, Materialization Build:{built:%Y%m%d}",
            expected=f"an image built within {advice_after_days()} days",
            fix="name a newer tag in the environment's image, or a curated environment's @latest",
        )


@check("logs", explains=("ResourceNotReady",), phases=("post",))
def check_server_is_the_one_asked_for(
    aml_live_deployment: Deployment | None,
    aml_container_logs: tuple[ContainerLog, ...],
    aml_environment: Environment,
) -> None:
    """Advice: the inference server that has started is of a release that the environment's file admits.

    Where it is not, the image is older than the file, or another package brings the server: what was mended in the file
    is not what runs.
    """
    if aml_live_deployment is None:
        not_reached("the deployment does not exist")
    runs = next((one.server_version for one in _available(aml_container_logs) if one.server_version), None)
    wanted = aml_environment.requirement(SERVER)
    if runs is None or wanted is None:
        not_applicable("neither side names a release: the log's last lines, the environment's file")
    if wanted.admits(runs) is False:
        advise(
            f"deployment {aml_live_deployment.name} runs {SERVER} {runs}, which its environment does not ask for",
            found=f"Azure ML Inferencing HTTP server v{runs}",
            expected=f"{wanted.text} at {wanted.position}",
            fix="register the environment as a new version and name that in the deployment, so that its image is built "
            "again",
        )


def _available(logs: tuple[ContainerLog, ...], *, failed: bool = False) -> list[ContainerLog]:
    """The logs there are; the check does not arise where there is none."""
    found = [log for log in logs if log.available]
    if not found:
        not_applicable(f"Azure has no container log{NONE_CAME_UP if failed else ' yet'}")
    return found


def _judge(
    subject: str, place: str, cause: LogCause, deployment: Deployment, expected: str = "a log without it"
) -> None:
    """A known cause; `place` is the log in words."""
    words = {"endpoint": deployment.endpoint_name, "deployment": deployment.name}
    blocked(
        f"{subject}: {cause.brief}",
        found=f"{place}: {cause.line}",
        expected=expected,
        fix=filter(None, [cause.advice, *(shell(*one) for one in cause.commands_for(words)), cause.guide]),
        kind=cause.name,
    )


def _unknown(deployment: Deployment, log: ContainerLog, traceback: Traceback) -> None:
    blocked(
        f"deployment {deployment.name} raised {traceback.brief[:80]}{traceback.where}",
        found="\n".join(traceback.users_first[:8]),
        expected="a log without an exception; this one is in no table of known causes",
        fix=az(
            "ml online-deployment get-logs",
            endpoint_name=deployment.endpoint_name,
            name=deployment.name,
            lines=200,
            container="storage-initializer" if log.container is Container.STORAGE_INITIALIZER else None,
        ),
    )
