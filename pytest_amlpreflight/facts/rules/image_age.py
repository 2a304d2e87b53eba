"""When an Azure image counts as old."""

from functools import cache

from pytest_amlpreflight.data import load


@cache
def advice_after_days() -> int:
    """Days after which an image is worth a word."""
    return int(load("image-age").pairs("rule", "days")["advise"])
