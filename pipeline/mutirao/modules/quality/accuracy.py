"""Accuracy that somebody assessed with a sample: contributors/<id>/accuracy.yaml. mutirao computes none of it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from mutirao.io import configs
from mutirao.io.configs import Source
from mutirao.model import Frozen, Version
from mutirao.project import Project

FILE = "accuracy.yaml"
PROBABILITY = ("random", "systematic", "stratified", "cluster")
"""Designs in which every pixel had a known chance to be drawn."""
Z95 = 1.959964
"""Standard errors on either side of an estimate in a 95 % interval of the normal distribution."""


class Assessment(Frozen):
    """An assessment of one version of a module's maps."""

    version: Version = Field(description="Submission that was assessed.")
    overall: float = Field(ge=0, le=1, description="Estimated overall accuracy, a share of the area.")
    standard_error: float | None = Field(default=None, gt=0, lt=1, description="Of the estimate; or give 'interval'.")
    interval: tuple[float, float] | None = Field(default=None, description="95 % interval; or give 'standard_error'.")
    sample_size: int = Field(ge=1, description="Points or pixels that were labelled.")
    design: Literal["random", "systematic", "stratified", "cluster", "purposive"] = Field(
        description="How they were drawn; purposive: by choice, so that no interval follows from the sample."
    )
    reference: str = Field(min_length=1, description="What the labels come from.")
    author: str = Field(min_length=1, description="Who assessed it.")
    organisation: str = Field(min_length=1, description="Organisation of the author.")
    date: date
    report: str = Field(default="", description="Where the whole assessment can be read.")

    @model_validator(mode="after")
    def _has_one_interval(self) -> Assessment:
        if self.standard_error is not None and self.interval is not None:
            raise ValueError("give one of standard_error and interval")
        if self.interval and not 0 <= self.interval[0] <= self.overall <= self.interval[1] <= 1:
            raise ValueError(f"interval {self.interval} does not hold the estimate {self.overall}")
        return self

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Both ends of the 95 % interval; none if nobody gave it, or if the sample allows none."""
        if self.design not in PROBABILITY:
            return None
        if self.interval is not None or self.standard_error is None:
            return self.interval
        half = Z95 * self.standard_error
        return max(0.0, self.overall - half), min(1.0, self.overall + half)

    @property
    def is_probability_sample(self) -> bool:
        """Whether every pixel had a known chance to be drawn."""
        return self.design in PROBABILITY

    def in_words(self) -> str:
        """Return estimate, interval, sample and author in one line."""
        low_high = f", 95 % interval {self.bounds[0]:.3f} to {self.bounds[1]:.3f}" if self.bounds else ", no interval"
        return f"{self.overall:.3f}{low_high}, {self.sample_size} points ({self.design}), {self.organisation}"


class Assessments(Frozen):
    """The assessments of one module's maps."""

    assessments: tuple[Assessment, ...] = Field(description="One for each version that was assessed.")

    @model_validator(mode="after")
    def _has_one_of_each_version(self) -> Assessments:
        versions = [entry.version for entry in self.assessments]
        twice = sorted({version for version in versions if versions.count(version) > 1})
        if twice:
            raise ValueError(f"version {', '.join(twice)} is assessed twice: keep the one that counts")
        return self


def load_assessments(project: Project, module: str) -> Source[Assessments] | None:
    """Read what is known about the accuracy of a module; None if it has no accuracy.yaml.

    Raises
    ------
    ConfigError
        C102 to C106: the file is wrong.
    """
    path = project.module_folder(module) / FILE
    return configs.load(path, Assessments) if path.is_file() else None


def assessment_of(project: Project, module: str, version: str | None) -> Assessment | None:
    """Return the assessment of one version; None if nobody has recorded one."""
    source = load_assessments(project, module)
    entries = source.value.assessments if source else ()
    return next((entry for entry in entries if entry.version == version), None)
