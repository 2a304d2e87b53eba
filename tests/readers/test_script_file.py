"""Scoring scripts read from their source: what they define, import and open."""

import os
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_amlpreflight.facts.project.script import OWN, ParameterKind, Script
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import CodeConfiguration
from pytest_amlpreflight.readers.project.script_file import read_deployment_script, read_script


def script(root: Path, source: str, **modules: str) -> Script:
    """The script of the source, with modules beside it: `helpers_in_plots` is `helpers/plots.py`."""
    code = root / "src"
    code.mkdir(exist_ok=True)
    (code / "score.py").write_text(textwrap.dedent(source), encoding="utf-8")
    for name, text in modules.items():
        file = code / (name.replace("_in_", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
    return read_script(code / "score.py", root, code)


def certain(found: Script) -> set[str]:
    """The modules that are imported whatever happens."""
    return {each.module for each in found.imports if each.is_certain}


def test_functions_are_read_with_their_signatures(tmp_path: Path) -> None:
    """What the server checks of `run` is read: kinds of arguments and decorators."""
    source = """
    @input_schema("data", sample)
    @aml_request.rawhttp
    def run(data, /, *rest, flag=True, **more): ...
    """

    run = script(tmp_path, source).functions["run"]

    assert run.decorators == ("input_schema", "rawhttp")
    assert str(run.position) == "src/score.py:4"
    assert [(each.name, each.kind) for each in run.parameters] == [
        ("data", ParameterKind.POSITIONAL_ONLY),
        ("rest", ParameterKind.VAR_POSITIONAL),
        ("flag", ParameterKind.KEYWORD_ONLY),
        ("more", ParameterKind.VAR_KEYWORD),
    ]
    assert [each.is_required for each in run.parameters] == [True, False, False, False]


@pytest.mark.parametrize(
    "source",
    [
        "def init(): ...",
        "init = load",
        "from loader import init",
        "from loader import start as init",
        "if True:\n    def init(): ...",
        "try:\n    from a import init\nexcept ImportError:\n    from b import init",
        "from loader import *",
        "init: object = load",
        "init, run = make()",
    ],
)
def test_every_way_to_define_a_name_counts(tmp_path: Path, source: str) -> None:
    """The server only looks for the name; how it came to be is the author's affair."""
    found = script(tmp_path, source)

    defined = found.may_define("init")

    assert defined


def test_names_inside_functions_do_not_count(tmp_path: Path) -> None:
    """A function inside another is not there for the server."""
    found = script(tmp_path, "def main():\n    def init(): ...\n    run = 1\n")

    defined = found.may_define("init"), found.may_define("run")

    assert defined == (False, False)


def test_imports_that_may_not_run_are_told_from_certain_ones(tmp_path: Path) -> None:
    """`try/except ImportError`, `TYPE_CHECKING`, `__main__` and uncalled functions are not certain to run."""
    source = """
    import numpy
    from typing import TYPE_CHECKING
    if TYPE_CHECKING:
        import pandas
    try:
        import orjson as json
    except ImportError:
        import json
    def init():
        import joblib
    def helper():
        import matplotlib
    if __name__ == "__main__":
        import seaborn
    try:
        import sklearn
    except ValueError:
        raise
    """

    found = script(tmp_path, source)

    assert certain(found) == {"numpy", "typing", "typing.TYPE_CHECKING", "joblib", "sklearn"}
    assert {"pandas", "seaborn"}.isdisjoint(each.module for each in found.imports)
    assert {"orjson", "matplotlib"} <= {each.module for each in found.imports}


def test_what_does_instead_of_an_import_is_known(tmp_path: Path) -> None:
    """The other branch of a `try`, or a name that its handler defines; one that only complains does nothing."""
    source = """
    try:
        from tflite_runtime.interpreter import Interpreter
    except ImportError:
        from tensorflow.lite import Interpreter
    try:
        import orjson
    except ModuleNotFoundError:
        orjson = None
    try:
        import torch
    except ImportError:
        print("no torch")
    """

    instead = {each.module: each.instead for each in script(tmp_path, source).imports}

    assert "tensorflow.lite" in instead["tflite_runtime.interpreter"]
    assert "tflite_runtime.interpreter" in instead["tensorflow.lite"]
    assert (instead["orjson"], instead["torch"]) == ({OWN}, set())


def test_local_modules_are_followed(tmp_path: Path) -> None:
    """A module beside the script is the user's own, and what it imports is imported too."""
    found = script(
        tmp_path,
        "import helpers.plots\nimport util\n",
        helpers_in_plots="import matplotlib",
        helpers_in___init__="import pandas",
        util="import util\nimport scipy\n",
    )

    modules = certain(found)

    assert {"matplotlib", "pandas", "scipy"} <= modules
    assert found.local_modules == {"helpers", "util"}


def test_module_outside_the_code_folder_is_misplaced(tmp_path: Path) -> None:
    """A module that only the author's machine finds is named with its file."""
    (tmp_path / "common.py").write_text("x = 1\n", encoding="utf-8")

    found = script(tmp_path, "import common\nimport numpy\n")

    assert found.misplaced == {"common": "common.py"}


@pytest.mark.parametrize("line", ["from app.predictor import Predictor", "from app import predictor"])
def test_module_of_a_folder_without_init_is_misplaced_too(tmp_path: Path, line: str) -> None:
    """A folder needs no `__init__.py` to be imported, however far above the code it stands."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app/predictor.py").write_text("", encoding="utf-8")
    (tmp_path / "app/src").mkdir()

    found = script(tmp_path, f"{line}\nimport app_of_others\n")

    assert found.misplaced == {"app": "app/predictor.py"}


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ('os.path.join(os.getenv("AZUREML_MODEL_DIR"), "model", "a.pkl")', "model/a.pkl"),
        ('os.path.join(os.environ["AZUREML_MODEL_DIR"], "model/a.pkl")', "model/a.pkl"),
        ('Path(os.environ["AZUREML_MODEL_DIR"]) / "model" / "a.pkl"', "model/a.pkl"),
        ('Path(os.environ.get("AZUREML_MODEL_DIR", ".")).joinpath("a.pkl")', "a.pkl"),
        ("f\"{os.environ['AZUREML_MODEL_DIR']}/model/a.pkl\"", "model/a.pkl"),
        ('os.getenv("AZUREML_MODEL_DIR") + "/a.pkl"', "a.pkl"),
        ('str(Path(os.getenv("AZUREML_MODEL_DIR"), "a.pkl"))', "a.pkl"),
        ('os.path.join(os.getenv("AZUREML_MODEL_DIR"), name)', None),
        ('os.path.join(os.getenv("HOME"), "a.pkl")', None),
        ('os.getenv("AZUREML_MODEL_DIR")', None),
    ],
)
def test_model_paths_are_read_from_constants(tmp_path: Path, expression: str, path: str | None) -> None:
    """A path below AZUREML_MODEL_DIR is read however it is spelled, and left alone when a variable decides it."""
    found = script(tmp_path, f"import os\nfrom pathlib import Path\nmodel = {expression}\n")

    paths = [each.path for each in found.model_paths]

    assert paths == ([path] if path else [])


def test_model_folder_may_have_a_name_of_its_own(tmp_path: Path) -> None:
    """A variable that holds the model folder is followed to where it is joined."""
    source = (
        'import os\ndef init():\n    base = os.environ["AZUREML_MODEL_DIR"]\n    load(os.path.join(base, "a.pkl"))\n'
    )

    found = script(tmp_path, source)

    assert [str(each.position) for each in found.model_paths] == ["src/score.py:4"]


def test_model_folder_may_be_joined_in_steps(tmp_path: Path) -> None:
    """A name that is given a deeper path is followed there, and forgotten where a condition decides."""
    source = """
    import os
    base = os.getenv("AZUREML_MODEL_DIR", "")
    base = os.path.join(base, "models")
    path = os.path.join(base, "iris.pkl")
    if path:
        base = "elsewhere"
    other = os.path.join(base, "x.pkl")
    """

    found = script(tmp_path, source)

    assert [each.path for each in found.model_paths] == ["models", "models/iris.pkl"]


def test_returned_exceptions_are_found(tmp_path: Path) -> None:
    """`run` that answers with the exception's text is seen, other returns are not."""
    source = """
    def run(data):
        try:
            return predict(data)
        except ValueError as error:
            return {"error": str(error)}
        except Exception:
            return traceback.format_exc()
    """

    found = script(tmp_path, source)

    assert [each.line for each in found.returned_errors] == [6, 8]


BEGINNING = """def init():
    pass
def run(data):
    try:
        result = data
    except Exception as e:
"""


@pytest.mark.parametrize(
    ("handler", "line"),
    [
        ("result = str(e)\n        return json.dumps({'error': result})", 8),
        ("error = str(e)\n        return error", 8),
        ("result = {'error': traceback.format_exc()}\n    return result", 8),
        ("result = str(e)\n        logging.error(result)\n    return result", 9),
        ("return AMLResponse(str(e), 200)", 7),
    ],
)
def test_an_exception_that_becomes_an_answer_is_found_through_names(tmp_path: Path, handler: str, line: int) -> None:
    """The guides' own samples keep it in a name first."""
    source = f"{BEGINNING}        {handler}\n"

    found = script(tmp_path, source)

    assert [each.line for each in found.returned_errors] == [line]


@pytest.mark.parametrize(
    "handler",
    [
        "return AMLResponse(str(e), 500)",
        "return AMLResponse(str(e), status_code=400)",
        "logging.error(str(e))\n        raise",
        "result = str(e)\n        result = None\n    return [1]",
    ],
)
def test_an_error_with_its_status_is_an_honest_answer(tmp_path: Path, handler: str) -> None:
    """Metrics and probes see it."""
    source = f"{BEGINNING}        {handler}\n"

    assert script(tmp_path, source).returned_errors == ()


@pytest.mark.parametrize(
    "expression",
    [
        "'{}/model/model.pkl'.format(os.environ['AZUREML_MODEL_DIR'])",
        "'%s/model/model.pkl' % os.getenv('AZUREML_MODEL_DIR')",
        "'{}/{}'.format(base, 'x') or base + '/model/model.pkl'",
    ],
)
def test_paths_are_read_from_formatted_texts(tmp_path: Path, expression: str) -> None:
    """`.format` and `%` are ways to join, too."""
    init = f"def init():\n    base = os.environ['AZUREML_MODEL_DIR']\n    open({expression})\n"
    source = f"import os\n{init}def run(d):\n    pass\n"

    assert [each.path for each in script(tmp_path, source).model_paths] == ["model/model.pkl"]


def test_paths_that_are_opened_without_the_model_folder_are_collected(tmp_path: Path) -> None:
    """With the names they were kept under; addresses, data and joined paths are none."""
    source = """
        import joblib, os, json
        PLACE = os.path.join("model", "model.pkl")
        def init():
            joblib.load(PLACE)
            open("/var/azureml-app/azureml-models/iris/1/names.txt")
            open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))
            json.load(open("labels.json"))
            pd.read_csv("https://example.com/a.csv")
        def run(data):
            return model.load("plain")
    """

    found = script(tmp_path, source)

    assert {each.path for each in found.opened_paths} == {
        "model/model.pkl",
        "/var/azureml-app/azureml-models/iris/1/names.txt",
        "labels.json",
    }


def test_calls_that_wait_for_a_debugger_are_collected(tmp_path: Path) -> None:
    """And whether they are reached."""
    source = """
        import debugpy, os
        if os.environ.get("DEBUG"):
            debugpy.wait_for_client()
        def init():
            debugpy.wait_for_client()
        def run(data):
            breakpoint()
    """

    found = [(each.call, each.position.line, each.is_certain) for each in script(tmp_path, source).waits]

    assert found == [
        ("debugpy.wait_for_client", 4, False),
        ("debugpy.wait_for_client", 6, True),
        ("breakpoint", 8, True),
    ]


def test_a_long_sum_is_read_in_linear_time(tmp_path: Path) -> None:
    """Generated sources hold sums of thousands of parts."""
    took = []
    for length in (300, 2400):
        source = "def init():\n    pass\ndef run(d):\n    pass\n" + f"x = {'+'.join(['a'] * length)}\n" * 40
        began = time.thread_time()
        assert script(tmp_path, source).problem is None
        took.append(time.thread_time() - began)

    assert took[1] < took[0] * 24 + 0.5


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"def run(:\n", "src/score.py:1: invalid syntax"),
        (b"x = 1\n\tprint(x)\n", "src/score.py:2: unexpected indent"),
        (b"x = '\xff'\n", "src/score.py: invalid or missing encoding declaration"),
        (b"x = 1\n\ny = '\xff'\n", "src/score.py:3: byte 0xff is not utf-8"),
        (b"# -*- coding: klingon -*-\n", "src/score.py: unknown encoding"),
        (b"# -*- coding: hex -*-\n", "src/score.py:1: it declares an encoding in which no text is written"),
        (b"# coding: undefined\n", "src/score.py:1: it declares an encoding in which no text is written"),
        (b"x = 1\x00\n", "src/score.py"),
        (b"x = 1\n" * 100_000, "src/score.py: is larger than 512 KiB"),
        (b"x = " + b"(" * 300 + b")" * 300, "src/score.py:1: too many nested parentheses"),
    ],
)
def test_source_that_does_not_compile_says_why(tmp_path: Path, raw: bytes, problem: str) -> None:
    """A script that Python cannot read has a problem with its line, and nothing else."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/score.py").write_bytes(raw)

    found = read_script(tmp_path / "src/score.py", tmp_path, tmp_path / "src")

    assert str(found.problem).startswith(problem)
    assert found.imports == ()


def test_declared_encoding_is_honoured(tmp_path: Path) -> None:
    """A script in another encoding that says so is as good as any."""
    (tmp_path / "score.py").write_bytes("# coding: latin-1\nname = 'Säule'\ndef init(): ...\n".encode("latin-1"))

    found = read_script(tmp_path / "score.py", tmp_path, tmp_path)

    assert found.problem is None
    assert found.may_define("init")


def test_odd_escapes_do_not_warn(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """A user's sloppy string raises no warning in the middle of a run, and no error under `-W error`."""
    found = script(
        tmp_path,
        r"""pattern = "\d+\\d" ; raw = r"\w\n"; line = "a\
b" """,
    )

    assert found.problem is None
    assert not recwarn.list


def test_scripts_are_not_run(tmp_path: Path) -> None:
    """Reading a script has no effect on anything."""
    script(tmp_path, "import os\nos.mkdir('made')\nraise SystemExit(3)\n")

    made = (tmp_path / "made").exists() or Path("made").exists()

    assert not made


def spec(code: Path | None, name: str | None = "score.py", uri: str | None = None) -> DeploymentSpec:
    """A deployment whose code is the given folder."""
    return DeploymentSpec("blue", "iris", code=CodeConfiguration(code, uri, name))


@pytest.mark.parametrize(
    ("folder", "name", "sentence"),
    [
        ("absent", "score.py", "code folder absent does not exist"),
        ("src", None, "code without a scoring_script"),
        ("src", "../score.py", "it stands outside the code folder"),
        ("src", "other.py", "it is not in src"),
        ("src", "folder", "it is not in src"),
    ],
)
def test_script_that_is_not_there_says_so(tmp_path: Path, folder: str, name: str | None, sentence: str) -> None:
    """Whatever keeps the container from finding the script is the script's problem."""
    (tmp_path / "src/folder").mkdir(parents=True)
    (tmp_path / "score.py").write_text("", encoding="utf-8")

    found = read_deployment_script(spec(tmp_path / folder, name), tmp_path)

    assert found is not None
    assert found.problem is not None
    assert found.problem.sentence == sentence


def test_code_elsewhere_has_no_script(tmp_path: Path) -> None:
    """Code that Azure has already is not on this machine."""
    found = [read_deployment_script(spec(None, uri="azureml:code:1"), tmp_path)]

    found.append(read_deployment_script(DeploymentSpec("blue", "iris"), tmp_path))

    assert found == [None, None]


def test_modules_in_a_circle_of_links_are_read_once(tmp_path: Path) -> None:
    """Links and imports that run in a circle come to an end."""
    found = script(tmp_path, "import a\n", a="import b", b="import a")
    os.symlink(tmp_path / "src", tmp_path / "src/again")

    assert found.local_modules == {"a", "b"}


WORDS = st.sampled_from(
    ["def run(data):", "def init():", "import os", "from . import x", "try:", "except ImportError:", "return str(e)",
     "    ", "\n", "os.environ['AZUREML_MODEL_DIR']", "lambda: 0", "async ", "class A:", "f'{x}'", "\\", "'''", "(",
     ")", "*", "match x:", "case 1:", "=", "x", "é", "\x00", "\t", "# coding: utf-7", "global x", "yield"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.lists(WORDS, max_size=25))
def test_any_source_gives_a_script(tmp_path: Path, words: list[str]) -> None:
    """Whatever a file holds, the answer is a script, if only one with a problem."""
    (tmp_path / "score.py").write_text("".join(words), encoding="utf-8")

    found = read_script(tmp_path / "score.py", tmp_path, tmp_path)

    assert found.shown == "score.py"
