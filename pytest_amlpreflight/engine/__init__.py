"""Reads values once, in the order of their needs, on a pool of fixed size. Knows neither pytest nor Azure."""

from pytest_amlpreflight.engine.engine import Cancelled, Engine
from pytest_amlpreflight.engine.later import Later, pause
from pytest_amlpreflight.engine.notes import note
from pytest_amlpreflight.engine.pool import Pool
from pytest_amlpreflight.engine.recipe import Need, Reading, Recipe

__all__ = ["Cancelled", "Engine", "Later", "Need", "Pool", "Reading", "Recipe", "note", "pause"]
