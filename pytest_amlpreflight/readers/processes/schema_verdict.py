"""The official schema's verdict on a spec, from azure-ai-ml in a process of its own.

Importing azure-ai-ml takes seconds, and releases of its dependencies have broken the import: neither may hold up or
harm the run.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pytest_amlpreflight.facts.project.schema_verdict import SchemaVerdict
from pytest_amlpreflight.facts.project.script import Problem
from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.environment import undisturbed
from pytest_amlpreflight.readers.processes.children import output_of

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
OBJECT = re.compile(r"<[^<>]{0,200} at 0x[0-9a-f]{1,16}>|<class '[^'<>]{0,200}'>")
MOST_TEXT, LONGEST_SENTENCE = 4000, 300
RESOURCE = "the schema of azure-ai-ml"
MARK = "schema verdict: "
PROGRAM = """
import json, sys
answer = {}
try:
    import azure.ai.ml
    answer["version"] = azure.ai.ml.__version__
except BaseException as error:
    answer["broken"] = f"{type(error).__name__}: {error}"
else:
    load = getattr(azure.ai.ml, "load_online_" + sys.argv[1])
    try:
        entity = load(sys.argv[2], params_override=[{field: text} for field, text in json.loads(sys.argv[4]).items()])
        getattr(entity, "_validate", lambda: None)()
        answer["mistakes"] = {}
    except Exception as error:
        cause, found = error, str(error)
        if isinstance(error, (AttributeError, TypeError, LookupError, NameError)):  # its own mistake, over ours
            found = f"a field has a value of another kind, and azure-ai-ml ends with {type(error).__name__} over it"
        while cause is not None:
            found = cause.messages if isinstance(getattr(cause, "messages", None), dict) else found
            cause = cause.__cause__ or cause.__context__
        answer["mistakes"] = found if isinstance(found, dict) else {"": [found]}
print()
print(sys.argv[3] + json.dumps(answer, default=str))
"""
CLOUD_VARIABLES = ("ARM_CLOUD_METADATA_URL", "AZUREML_CURRENT_CLOUD")


def read_schema_verdict(
    spec: DeploymentSpec | EndpointSpec, root: Path, *, python: str = sys.executable, timeout: float = 90
) -> SchemaVerdict:
    """What azure-ai-ml says of the file that the spec was read from.

    Raises `FactUnreadable` when azure-ai-ml cannot be imported, crashes, or does not answer in time.
    """
    kind = "deployment" if isinstance(spec, DeploymentSpec) else "endpoint"
    path = os.path.abspath(root / spec.source.path)
    command = [python, "-c", PROGRAM, kind, path, MARK, json.dumps(dict(spec.overrides))]
    # The schema is the same in every cloud, and azure-ai-ml would ask the one that these name for its endpoints.
    environ = {name: value for name, value in undisturbed(os.environ.copy).items() if name not in CLOUD_VARIABLES}
    late, found = False, None
    try:
        with tempfile.TemporaryDirectory() as elsewhere:  # Python imports from where it is started, before all else
            found = output_of(command, timeout=timeout, cwd=elsewhere, env=environ)
    except subprocess.TimeoutExpired:
        late = True
    except OSError as error:
        raise FactUnreadable(RESOURCE, status=None, code="NotStarted", detail=str(error)) from None
    if late or found is None:
        raise FactUnreadable(RESOURCE, status=None, code="Timeout", detail=f"no answer in {timeout:.0f} s")
    answer = _answer(found.stdout)
    if "mistakes" not in answer:
        detail = str(answer.get("broken") or _last_line(found.stderr))
        raise FactUnreadable(RESOURCE, status=None, code="ImportError", detail=detail)
    problems = [Problem(text, spec.source.position(field)) for field, text in _flattened(answer["mistakes"])]
    return SchemaVerdict(spec.source.path, str(answer.get("version", "")), tuple(problems))


def _answer(output: str) -> dict[str, object]:
    for line in reversed(output.splitlines()):
        if line.startswith(MARK):
            answer = json.loads(line.removeprefix(MARK))
            return answer if isinstance(answer, dict) else {}
    return {}


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it ended without an answer"


def _flattened(messages: object, field: str = "") -> Iterator[tuple[str, str]]:
    """Every message with its dotted field, however the schema nests them."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            deeper = field if str(name).startswith("_") else f"{field}.{name}" if field else str(name)
            yield from _flattened(inner, deeper)
    elif isinstance(messages, list):
        for inner in _likeliest(messages):
            yield from _flattened(inner, field)
    else:
        text = _told(str(messages))
        yield field, f"{field}: {text}" if field else text


def _told(message: str) -> str:
    """The message in one line of bearable length, without colours and Python's names of objects."""
    plain = OBJECT.sub("an object", COLOUR.sub("", message[:MOST_TEXT]))
    text = " ".join(plain.split()).rstrip(".")
    return text if len(text) <= LONGEST_SENTENCE else f"{text[: LONGEST_SENTENCE - 3]}..."


def _likeliest(messages: list[object]) -> list[object]:
    """The messages of the alternative that was meant.

    Where a field may be a reference or described in place, the schema reports all alternatives. A reference and a
    registered environment's name are what nobody meant who described the thing in place.
    """
    told = [each for each in messages if not _is_another_form(each)]
    return told or messages[-1:]


def _is_another_form(message: object) -> bool:
    if not isinstance(message, dict):
        return False
    return set(message) == {"_schema"} or message == {"name": ["Missing data for required field."]}
