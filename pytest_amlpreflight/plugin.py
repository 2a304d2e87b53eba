"""The hooks, in the order in which pytest calls them. They wire; what thinks is elsewhere."""

import os
from collections.abc import Generator
from datetime import date
from functools import cache
from typing import Any

import pytest

from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.finding import Outcome
from pytest_amlpreflight.reporting import explaining, lacking, report, screen
from pytest_amlpreflight.reporting.attachments import attach_logs
from pytest_amlpreflight.reporting.conclusion import conclude
from pytest_amlpreflight.reporting.ending import Ending
from pytest_amlpreflight.reporting.frugal import Frugal, share_strings
from pytest_amlpreflight.reporting.junit import describe_suite
from pytest_amlpreflight.reporting.leaving import Leaving, recollect
from pytest_amlpreflight.reporting.spent import Spent
from pytest_amlpreflight.reporting.stale import StaleTables
from pytest_amlpreflight.run.asking import SWITCH, Asked, read_asked
from pytest_amlpreflight.run.cut_short import CutShort
from pytest_amlpreflight.run.empty_run import EmptyRun
from pytest_amlpreflight.run.emulation import list_failures
from pytest_amlpreflight.run.findings.confirming import Ages, judged
from pytest_amlpreflight.run.findings.findings import Aside, Told, attach, is_ours, redactor_of
from pytest_amlpreflight.run.preflight import PREFLIGHT
from pytest_amlpreflight.run.preparation import is_configured
from pytest_amlpreflight.run.settings.options import OPTIONS
from pytest_amlpreflight.run.settings.rootdir import as_meant
from pytest_amlpreflight.run.suite.items import about_a_target, group_of, target_of
from pytest_amlpreflight.run.suite.suite import SUITE, Suite, Topic, not_found, position
from pytest_amlpreflight.run.targets.order import share_of
from pytest_amlpreflight.run.waiting import settle, summarize
from pytest_amlpreflight.starting import (
    facts_among,
    mistake_for,
    skip_tests_with_facts,
    start,
    started,
    take_fixtures,
)
from pytest_amlpreflight.verdict import PHASES, Blocked, NotApplicable, PreflightAdvice

ASKED = pytest.StashKey[Asked]()
DISCOVERED = "aml_discovered"
TOKENS = "aml_tokens"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Every setting as an option and as an ini key."""
    group = parser.getgroup("aml", "Azure Machine Learning preflight")
    group.addoption(
        SWITCH,
        action="store_true",
        help="run the built-in checks; so does an option that names a workspace, an endpoint, a deployment or a phase",
    )
    for option in OPTIONS:
        option.register(parser, group)
    group.addoption(
        "--aml-explain",
        metavar="CODE|FILE|-|TOPIC::NAME",
        help="explain an error code, or a file (- for standard input) with an error or a log: run the checks that "
        "could; without a workspace, and for a check's name, print what is written about it; `list` names all",
    )
    group.addoption(
        "--aml-role", action="store_true", help="print the least-privilege role as JSON for the Azure CLI, and exit"
    )


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """`--aml-role`, `--aml-failure list` and `--aml-explain` answer without a run; a start from which pytest lost its
    ini file is made again.
    """
    if again := as_meant(config):
        return pytest.main(again, plugins=config.invocation_params.plugins)
    if config.option.aml_role:
        from pytest_amlpreflight.reporting.role import print_role

        return print_role(config, os.environ)
    if "list" in (config.option.aml_failure or ()):
        return list_failures()
    return explaining.begin(config)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start what was asked for; where something is only configured, know the fixtures; else do nothing more."""
    config.addinivalue_line(
        "markers",
        f"aml_check(topic, explains, phases): a check of an online endpoint (phases: {', '.join(PHASES)})",
    )
    if config.option.help or config.option.version:
        return
    asked = config.stash[ASKED] = read_asked(config)
    shows_fixtures = getattr(config.option, "showfixtures", False)
    if asked.anything or is_configured(config) or shows_fixtures:
        take_fixtures(config)
    if asked.anything and not shows_fixtures:
        start(config, asked)
        config.pluginmanager.register(InOrder(), "aml-in-order")
        config.pluginmanager.register(Spent(), "aml-spent")
        config.pluginmanager.register(Ages(), "aml-ages")
        config.pluginmanager.register(StaleTables(date.today()), "aml-stale-tables")
        config.pluginmanager.register(Frugal(config), "aml-frugal")
    if (asked.anything or asked.here) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(EmptyRun(asked), "aml-empty-run")
        config.pluginmanager.register(Ending(), "aml-ending")
        config.pluginmanager.register(CutShort(), "aml-cut-short")
        config.pluginmanager.register(Leaving(config), "aml-leaving")


@pytest.hookimpl(wrapper=True)
def pytest_sessionstart(session: pytest.Session) -> Generator[None]:
    """What nobody named is looked up, before the header is printed and before xdist starts its workers."""
    if preflight := session.config.stash.get(PREFLIGHT, None):
        told = getattr(session.config, "workerinput", {})
        preflight.share = share_of(told)
        preflight.learn(told.get(TOKENS, ()))
        preflight.discover(told.get(DISCOVERED))
        describe_suite(session.config, preflight)
        recollect(preflight, session.config)
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker of xdist is told what the controller found, since two lookups might differ, and signs in with it."""
    preflight = node.config.stash.get(PREFLIGHT, None)
    if preflight and preflight.discovered:
        node.workerinput[DISCOVERED] = preflight.discovered.as_text()
        node.workerinput[TOKENS] = preflight.tokens


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What is inspected, in which phase and cloud; with `-v`, where each value came from."""
    preflight = config.stash.get(PREFLIGHT, None)
    return report.header(preflight, config.get_verbosity()) if preflight else []


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """With `--dist loadgroup`, and in a fleet by default, a workspace's tests stay together and share its facts."""
    preflight = config.stash.get(PREFLIGHT, None)
    if preflight is None or config.getvalue("dist") not in ("loadgroup", "load" if preflight.is_fleet else ""):
        return None
    from pytest_amlpreflight.run.targets.grouping import ByWorkspace

    return ByWorkspace(config, log, list(preflight.order.places))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The built-in checks join what the session collects, first."""
    collected = yield
    preflight = collector.config.stash.get(PREFLIGHT, None)
    if preflight and isinstance(collector, pytest.Session) and preflight.takes_suite:
        suite = Suite.from_parent(
            collector,
            name=SUITE,
            nodeid=SUITE,
            phase=preflight.phase_of_checks,
            selected=preflight.selected,
            answerable=preflight.has_facts_for,
            arises=preflight.targets_of,
        )
        collected.result = [suite, *(collected.result or [])]
    return collected


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with `aml_*` fixtures runs once for each target, as far down as its facts go."""
    names, topic = metafunc.fixturenames, metafunc.definition.getparent(Topic)
    if topic is None:
        names = facts_among(names, metafunc._arg2fixturedefs)
    if names and about_a_target(metafunc.fixturenames, names) and (preflight := started(metafunc.config)):
        parameters = preflight.parameters(names, topic.about if topic else None)
        metafunc.parametrize("aml_target", parameters, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Users' own checks stay out of other phases, and one workspace's tests stay on one worker of xdist. Where nothing
    was configured, a test that needs a fact is skipped and says so.
    """
    has_checks = any(item.get_closest_marker(report.MARK) for item in items)
    preflight = started(config) if has_checks else config.stash.get(PREFLIGHT, None)
    if preflight is None:
        skip_tests_with_facts(items, config)
        return
    if missing := not_found(items, preflight.selected or ()):
        raise pytest.UsageError(f"not found in phase {preflight.settings.phase}: {', '.join(missing)}")
    kept, deselected = report.split(items, preflight)
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = kept
    for item in items:
        report.describe(item)
        if (target := target_of(item)) and config.pluginmanager.hasplugin("xdist"):
            item.add_marker(_in_group(target.group))


@cache
def _in_group(group: str) -> pytest.MarkDecorator:
    """The mark that all tests about a workspace share."""
    return pytest.mark.xdist_group(group)


class InOrder:
    """Registered late in `pytest_configure`, so that it orders after pytest's fixtures did and before `--sw` counts."""

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """The built-in checks come first, topic by topic; in a fleet, workspace by workspace."""
        items.sort(key=position)
        if (preflight := config.stash[PREFLIGHT]).is_fleet:
            items.sort(key=lambda item: preflight.order.turn_of(group_of(item)))


def pytest_collection_finish(session: pytest.Session) -> None:
    """As soon as the selected tests are known, every read they need starts."""
    preflight = session.config.stash.get(PREFLIGHT, None)
    if preflight and not session.config.option.collectonly:
        preflight.start(session.items)
        report.say_who_is_not_signed_in(preflight, session.config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """A fact that could not be had is an ERROR, in the reader's words; so is an unknown target."""
    yield from _refusing(item, require_target=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """The same for a fact that a test asks for in its body."""
    yield from _refusing(item)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """What a check says is heard. One that complains over rows of Resource Graph is asked again over the resources
    themselves; with `--aml-wait`, one that settles is asked again until it passes or the time is up.
    """
    if not is_ours(pyfuncitem):
        return (yield)
    complaint = yield from judged(pyfuncitem)
    if isinstance(complaint, Blocked):
        settle(pyfuncitem, complaint)
    elif complaint:
        raise complaint
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """What no other test needs is let go."""
    yield
    if preflight := item.config.stash.get(PREFLIGHT, None):
        preflight.end(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A report carries its findings and speaks in their words; a failed check says where to read on."""
    made = yield
    found = attach(item, call, made)
    if made.when == "call" and any(one.outcome is Outcome.ERROR for one in found):
        made.when = "setup"  # an ERROR to pytest too, where a check finds only then that it needs what is unreadable
    screen.show(made)
    if made.failed and made.when == "call":  # an ERROR says itself what could not be read
        made.sections += report.hint(item, [one.portal for one in found])
        attach_logs(item, made)
    return made


@pytest.hookimpl(wrapper=True)
def pytest_report_from_serializable() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A report that came from a worker of xdist speaks as it did there."""
    report = yield
    if isinstance(report, pytest.TestReport):
        share_strings(report)
        screen.show(report)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing is read any more, whatever ended the run."""
    if preflight := session.config.stash.get(PREFLIGHT, None):
        preflight.readings.cancel()


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter", config: pytest.Config) -> None:
    """Which permissions lacked; with `-v`, which api-versions had to be negotiated: a cloud that lags behind is worth
    knowing of.
    """
    summarize(terminalreporter)
    screen.show_advice(terminalreporter)
    lacking.summarize(terminalreporter)
    preflight = config.stash.get(PREFLIGHT, None)
    if preflight and preflight.explains:
        conclude(terminalreporter, config.stash[report.EXPLANATION], preflight.targets)
    if preflight and config.get_verbosity() > 0:
        for line in report.negotiated(preflight):
            terminalreporter.line(line)


def _refusing(item: pytest.Item, *, require_target: bool = False) -> Generator[None]:
    preflight = item.config.stash.get(PREFLIGHT, None)
    if mistake := mistake_for(item):
        pytest.fail(mistake, pytrace=False)
    try:
        try:
            if preflight and require_target:
                preflight.begin(item)
            elif preflight:
                preflight.renew(item)
            return (yield)
        except NotRead as problem:
            if preflight is None:
                raise
            preflight.refuse(problem, item)
    except NotApplicable as reason:
        raise Aside(reason, redactor_of(item.config)) from None
    except (Blocked, NotRead, PreflightAdvice) as ended:
        raise Told(ended, redactor_of(item.config)).with_traceback(ended.__traceback__) from None
