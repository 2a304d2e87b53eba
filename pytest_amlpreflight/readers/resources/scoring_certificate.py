"""The certificate behind a scoring URI, as a caller from here would be shown it."""

from requests.utils import select_proxy

from pytest_amlpreflight.facts.address import parse_address
from pytest_amlpreflight.facts.resources.certificate import Certificate
from pytest_amlpreflight.facts.resources.network import Resolution
from pytest_amlpreflight.facts.unread import FactUnreadable, NotGiven
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.connection.certificate import read_certificate
from pytest_amlpreflight.readers.connection.exchange import Shown
from pytest_amlpreflight.readers.environment import Session


def read_scoring_certificate(azure: Azure, uri: str, resolution: Resolution) -> Certificate:
    """The certificate, judged by the authorities that requests trusts. `NotGiven` for a name without an address, which
    another check reports, and behind a proxy, through which nobody sees it.
    """
    address = parse_address(uri)
    if address is None:
        detail = f"scoring URI {uri[:100]!r} is no address"
        raise FactUnreadable("the certificate of the scoring host", status=None, code="UnexpectedShape", detail=detail)
    host = address.host
    if not resolution.addresses:
        raise NotGiven(f"the certificate of {host}", f"not reached: {host} does not resolve")
    of_environment = Session().merge_environment_settings(uri, {}, None, None, None)
    if select_proxy(uri, of_environment["proxies"]):
        seen = f"a proxy stands before {host}, and nobody sees its certificate from here"
        raise NotGiven(f"the certificate of {host}", seen)
    try:
        found = read_certificate(azure.route, host, address.port, of_environment["verify"], azure.settings.timeout)
    except FactUnreadable:
        azure.tap(Shown(host, None))
        raise
    azure.tap(Shown(host, found))
    return found
