"""What Azure Machine Learning finds when it diagnoses a workspace itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiagnosisResult:
    """One thing Azure found. `about` is the group it stands in (`dnsResolutionResults`), `code` an open set, `level`
    `Error`, `Warning` or `Information`.
    """

    about: str
    code: str
    level: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything Azure found. A healthy workspace has no results at all."""

    results: tuple[DiagnosisResult, ...] = ()

    def of_level(self, level: str) -> tuple[DiagnosisResult, ...]:
        """The results of one level."""
        return tuple(one for one in self.results if one.level.lower() == level.lower())
