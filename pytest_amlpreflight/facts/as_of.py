"""How old an answer may be."""

from datetime import datetime
from typing import NamedTuple


class AsOf(NamedTuple):
    """A value rests on rows of Azure Resource Graph that were asked for at this time (UTC). How far they lagged behind
    then, nobody says.
    """

    taken: datetime
