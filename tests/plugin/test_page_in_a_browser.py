"""The html page as Chromium shows it: found, filtered, driven by keys, printed, and with nothing that asks or runs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.fix import SetProperty
from pytest_amlpreflight.reporting.files import as_html
from pytest_amlpreflight.reporting.record import Record

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install -e '.[test]'")

PROGRAMS = [shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")]
pytestmark = pytest.mark.skipif(None in PROGRAMS, reason="no Chromium here: apt-get install chromium chromium-driver")

HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>\"'&</summary></details>{{ 7*7 }}"
VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv"
ABOUT = {
    "version": "1",
    "time": "2026-11-21T02:00:00+00:00",
    "phase": "audit",
    "cloud": "AzureCloud",
    "selection": "abc",
    "asked": {"targets": ["/w"]},
    "coverage": {"asked": 3, "read": 3, "denied": 0},
}
CLOSED = Finding(
    "key_vault::admits",
    Outcome.FAILED,
    "w/e",
    VAULT,
    "bypass",
    "key vault kv turns trusted services away",
    "None",
    "AzureServices",
    (SetProperty(VAULT, "properties.networkAcls.bypass", "AzureServices"),),
    since="new since the last run",
    portal="https://portal.azure.com/#@t/resource/x",
)
ODD = Finding("quota::fits", Outcome.ADVISED, HOSTILE, "/r", "odd", HOSTILE, HOSTILE, HOSTILE)
UNREAD = Finding("logs::clean", Outcome.ERROR, "v/e", "/v", "401", "logs are unreadable", "HTTP 403")
RECORD = Record(ABOUT, (CLOSED, ODD, UNREAD), notices=(HOSTILE,), mended=(ODD,), unseen=(ODD,))


@pytest.fixture(scope="module")
def browser() -> "Iterator[webdriver.Chrome]":
    """Chromium of this machine, with its own driver; it notes what the page's policy had to stop."""
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(PROGRAMS[0])
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(executable_path=str(PROGRAMS[1])))
    listen = "window.stopped = []; addEventListener('securitypolicyviolation', (e) => stopped.push(e.blockedURI));"
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": listen})
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: "webdriver.Chrome", tmp_path: Path) -> "webdriver.Chrome":
    """The browser at the page."""
    return opened(browser, tmp_path, RECORD)


def opened(browser: "webdriver.Chrome", folder: Path, record: Record) -> "webdriver.Chrome":
    """The browser at a record's page."""
    path = folder / "page.html"
    path.write_text(as_html.render(record), encoding="utf-8")
    browser.get_log("browser")  # what an earlier test left there
    browser.get(path.as_uri())
    return browser


def seen(page: "webdriver.Chrome") -> list[str]:
    """The headlines of the findings that are shown."""
    script = "return [...document.querySelectorAll('details[data-state]')].filter(d => !d.hidden).map(d => d.innerText)"
    return [str(text) for text in page.execute_script(script)]


def test_findings_are_there_and_nothing_is_asked_or_stopped(page: "webdriver.Chrome") -> None:
    """Names with markup are text; no alert, no request, nothing for the policy to stop, an empty console."""
    assert len(seen(page)) == 3
    assert HOSTILE in page.execute_script("return document.body.textContent")
    assert page.execute_script("return document.images.length + document.scripts.length") == 1
    assert page.execute_script("return [stopped, performance.getEntriesByType('resource').length]") == [[], 0]
    assert page.get_log("browser") == []


def test_the_policy_stops_what_is_not_the_pages_own(page: "webdriver.Chrome") -> None:
    """A script or an image that came in with a name would not run or load: the policy is in force."""
    page.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
        "const i = document.createElement('img'); i.src = 'https://example.com/x.png'; document.body.append(i);"
    )

    assert page.execute_script("return window.ran === undefined")
    assert page.execute_async_script("setTimeout(() => arguments[0](stopped.length), 100)") == 2


def test_words_state_and_topic_filter(page: "webdriver.Chrome") -> None:
    """All words must be there, in any order; the number that is left is said aloud."""
    from selenium.webdriver.support.select import Select

    words = page.find_element("id", "words")

    words.send_keys("trusted KEY")
    assert ["key vault kv" in text for text in seen(page)] == [True]
    assert page.find_element("id", "shown").text == "1 of 3 shown"
    words.clear()
    Select(page.find_element("id", "state")).select_by_visible_text("error")
    assert ["logs are unreadable" in text for text in seen(page)] == [True]
    Select(page.find_element("id", "topic")).select_by_visible_text("quota")
    assert seen(page) == []


def test_everything_is_reached_and_opened_by_keys(page: "webdriver.Chrome") -> None:
    """Tab leads from the filters to the first finding, Enter opens it, and focus can be seen."""
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.wait import WebDriverWait

    soon = WebDriverWait(page, 10)  # the browser answers keys when it comes to it
    page.find_element("id", "topic").send_keys(Keys.TAB)
    soon.until(lambda page: "key vault kv" in page.switch_to.active_element.text)
    focused = page.switch_to.active_element
    assert page.execute_script("return getComputedStyle(arguments[0]).outlineStyle", focused) == "solid"
    focused.send_keys(Keys.ENTER)
    soon.until(lambda page: "in Bicep" in seen(page)[0])  # what folds inside a fold is laid out a frame later

    shown = seen(page)[0]
    assert "AzureServices" in shown
    assert "new since the last run" in shown
    assert page.find_element("link text", "in the portal").get_attribute("href") == CLOSED.portal


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_light_and_dark(page: "webdriver.Chrome", scheme: str) -> None:
    """4.5 to 1 at least between every text and what is behind it (WCAG 2.2, 1.4.3)."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    colours = """
        const lit = (c) => { const f = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
          return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
        const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
        const back = lit(matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255]);
        return [...document.querySelectorAll('h1,p,dt,dd,td,th,summary,small,code,.state,label')].map((one) => {
          const fore = lit(rgb(getComputedStyle(one).color));
          return (Math.max(fore, back) + .05) / (Math.min(fore, back) + .05); });
    """

    ratios = page.execute_script(colours)

    assert len(ratios) > 20
    assert min(ratios) >= 4.5


def test_a_narrow_screen_shows_the_whole_width(page: "webdriver.Chrome") -> None:
    """Only the table scrolls sideways, in a box of its own that the keyboard reaches."""
    size = {"width": 360, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    width = page.execute_script("return document.documentElement.scrollWidth")
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert width <= 360


def test_paper_shows_every_finding_open_and_no_filter(page: "webdriver.Chrome") -> None:
    """What was closed on the screen is closed again afterwards."""
    opened_for_print = "dispatchEvent(new Event('beforeprint'));"
    count = "return [...document.querySelectorAll('details[data-state]')].filter(d => d.open).length"

    assert page.execute_script(opened_for_print + count) == 3
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not page.find_element("class name", "filters").is_displayed()
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert page.execute_script("dispatchEvent(new Event('afterprint'));" + count) == 0


def test_a_page_of_a_thousand_workspaces_opens_at_once(browser: "webdriver.Chrome", tmp_path: Path) -> None:
    """Five hundred findings of a thousand workspaces: less than five megabytes, and ready within two seconds by the
    browser's own clock; the best of three, since others may be busy on this machine.
    """
    found = tuple(
        Finding(f"topic{n % 20}::x", Outcome.FAILED, f"w{n}/e", VAULT, "k", "h" * 80, "f" * 300, "e" * 80, CLOSED.fixes)
        for n in range(500)
    )
    passed = tuple(Finding("quota::ok", Outcome.PASSED, f"w{n}") for n in range(1000))
    took = []
    for _ in range(3):
        opened(browser, tmp_path, Record(ABOUT, (*found, *passed)))
        took.append(browser.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd"))

    assert browser.find_element("id", "shown").text == "500 of 500 shown"
    assert (tmp_path / "page.html").stat().st_size < 5_000_000
    assert 0 < min(took) < 2000
