"""The network's policy: who may submit, review and release. It is trust/policy.yaml, changed by pull request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from mutirao.model import Frozen, Id

Role = Literal["submission", "review", "accuracy", "rebuild", "release"]
WHO: Mapping[Role, str] = {
    "submission": "submitter",
    "review": "reviewer",
    "accuracy": "assessor",
    "rebuild": "rebuilder",
    "release": "curator",
}
"""Who signs in a role, for people."""


class Person(Frozen):
    """Somebody who may sign; the key is in allowed_signers."""

    name: str = Field(min_length=1, description="Name for people.")
    organisation: str = Field(min_length=1, description="Organisation that the person speaks for.")


class Curators(Frozen):
    """Who signs releases, and how many of them it takes."""

    people: tuple[str, ...] = Field(min_length=1, description="Principals.")
    signatures: int = Field(default=1, ge=1, description="Smallest number of different people with different keys.")
    organisations: int = Field(default=1, ge=1, description="Smallest number of different organisations among them.")


class Policy(Frozen):
    """Who may sign what: trust/policy.yaml."""

    network: Id = Field(description="Name of the network; signatures are made for <role>@<network>.")
    people: dict[str, Person] = Field(min_length=1, description="By principal, as in allowed_signers.")
    submit: dict[Id, tuple[str, ...]] = Field(default={}, description="Principals that may submit, by module.")
    review: tuple[str, ...] = Field(default=(), description="Principals that may accept or reject submissions.")
    accuracy: tuple[str, ...] = Field(default=(), description="Principals that may answer for assessed accuracies.")
    rebuild: tuple[str, ...] = Field(default=(), description="Principals that may answer for runs from the sources.")
    release: Curators = Field(description="Who signs releases.")
    require: tuple[Literal["submission", "review", "release"], ...] = Field(
        default=("submission", "release"), description="What must be signed before a build or a reader takes it."
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Policy:
        problems = [f"'{name}' is not among the people" for name in self._named() if name not in self.people]
        curators = [self.people[name] for name in self.release.people if name in self.people]
        organisations = {person.organisation for person in curators}
        if self.release.signatures > len(set(self.release.people)):
            problems.append(f"{self.release.signatures} signatures are asked of {len(curators)} curators")
        if self.release.organisations > min(len(organisations), self.release.signatures):
            problems.append(f"{self.release.organisations} organisations cannot be among the signatures of a release")
        if problems:
            raise ValueError("; ".join(dict.fromkeys(problems)))
        return self

    def _named(self) -> tuple[str, ...]:
        submitters = tuple(name for names in self.submit.values() for name in names)
        return (*submitters, *self.review, *self.accuracy, *self.rebuild, *self.release.people)

    def namespace(self, role: Role) -> str:
        """Return what signatures of a role are made for."""
        return f"{role}@{self.network}"

    def may(self, role: Role, principal: str, module: str | None = None) -> bool:
        """Return whether somebody has a role; submitters have it for a module."""
        if role == "submission":
            return principal in self.submit.get(module or "", ())
        entitled = {
            "review": self.review,
            "accuracy": self.accuracy,
            "rebuild": self.rebuild,
            "release": self.release.people,
        }
        return principal in entitled[role]
