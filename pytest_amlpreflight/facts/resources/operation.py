"""What Azure says of the last operation on an endpoint or a deployment."""

from dataclasses import dataclass

from pytest_amlpreflight.facts.errors.azure_error import AzureError
from pytest_amlpreflight.facts.errors.meaning import CodeMeaning, meaning_of_error

AT_REST = frozenset({"succeeded", "failed", "canceled"})
"""Provisioning states in which nothing is under way."""


@dataclass(frozen=True, slots=True)
class Operation:
    """The last operation on a resource. `error` is None while it runs; `unread` says in words why the operation itself
    could not be read. `id` and `request` are what a support ticket asks for.
    """

    status: str
    percent: float | None = None
    error: AzureError | None = None
    unread: str | None = None
    id: str | None = None
    request: str | None = None

    @property
    def meaning(self) -> CodeMeaning | None:
        """What is known of the error: by Azure's own words where they name the cause, else by its codes; by a code that
        stands in a message alone where no level has a known one.
        """
        return meaning_of_error(self.error) if self.error else None
