"""What `publicNetworkAccess` says of a resource's public address, of whatever type it is."""

from enum import StrEnum


class PublicAccess(StrEnum):
    """Who is let in over the public address: everybody as far as the resource's own firewall lets them, nobody, or
    whom a network security perimeter admits, whose rules are not read: such a resource is neither open nor closed.

    https://learn.microsoft.com/azure/private-link/network-security-perimeter-concepts
    """

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    BY_PERIMETER = "SecuredByPerimeter"

    def __bool__(self) -> bool:
        """Whether the public address is open, so that `assert not aml_workspace.public_network_access` means it."""
        return self is PublicAccess.ENABLED

    @property
    def by_perimeter(self) -> bool:
        """Whether a network security perimeter decides who gets in, and not the resource's own rules."""
        return self is PublicAccess.BY_PERIMETER

    @classmethod
    def of(cls, word: str | None) -> "PublicAccess":
        """By Azure's word, in any casing; without one the documented default. One that is not known opens nothing and
        closes nothing, as a perimeter's.
        """
        known = {each.lower(): each for each in cls}
        return known.get((word or cls.ENABLED).lower(), cls.BY_PERIMETER)
