"""The part of the Kusto query language that tools ask Resource Graph with: queries over rows, and nothing of Azure."""

from .expressions import Unparsed
from .pipeline import run

__all__ = ["Unparsed", "run"]
