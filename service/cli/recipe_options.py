"""From the options of ``driftline baseline`` to a recipe: what goes together, what is meant by default."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from detectors.baselines.recipe import (
    FirstHoursRecipe,
    Recipe,
    RollingRecipe,
    SeasonalRecipe,
    WindowRecipe,
    faults,
)
from detectors.baselines.spans import Span, utc
from driftline.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class RecipeOptions:
    """Options as given; ``None`` and empty ones were not."""

    since: datetime | None = None
    until: datetime | None = None
    first_hours: float | None = None
    rolling_hours: float | None = None
    weeks: int | None = None
    every_hours: float | None = None
    exclude: tuple[Span, ...] = ()
    exclude_last_hours: float | None = None
    keep_drifted: bool = False
    per_segment: bool = True

    def kinds(self) -> list[str]:
        """The options that name a kind of baseline."""
        given = {
            "--since": self.since,
            "--first-hours": self.first_hours,
            "--rolling": self.rolling_hours,
            "--weeks": self.weeks,
        }
        return [option for option, value in given.items() if value is not None]

    def none_with_file(self) -> None:
        """Raise :class:`InvalidInput` when an option was given that means nothing beside a file."""
        self._only("--file", ())

    def recipe(self, now: datetime) -> Recipe:
        """The recipe they name; a range without an end ends ``now``.

        Raises
        ------
        InvalidInput
            Options that do not go together, or a value out of range.
        """
        try:
            return self._recipe(now)
        except ValidationError as error:
            raise InvalidInput(f"this is no baseline: {faults(error)}") from error

    def _recipe(self, now: datetime) -> Recipe:
        if self.since is not None:
            self._only("--since", ("--until", "--exclude"))
            return WindowRecipe(
                since=utc(self.since),
                until=utc(self.until) if self.until else now,
                exclude=self.exclude,
                per_segment=self.per_segment,
            )
        if self.first_hours is not None:
            self._only("--first-hours", ())
            return FirstHoursRecipe(hours=self.first_hours, per_segment=self.per_segment)
        trailing = ("--every", "--exclude", "--exclude-last", "--keep-drifted")
        if self.rolling_hours is not None:
            self._only("--rolling", trailing)
            return RollingRecipe(
                days=self.rolling_hours / 24,
                exclude_last_hours=24.0 if self.exclude_last_hours is None else self.exclude_last_hours,
                refresh_hours=24.0 if self.every_hours is None else self.every_hours,
                exclude=self.exclude,
                keep_drifted=self.keep_drifted,
                per_segment=self.per_segment,
            )
        if self.weeks is None:
            raise InvalidInput("name a kind of baseline")
        self._only("--weeks", trailing)
        return SeasonalRecipe(
            weeks=self.weeks,
            exclude_last_hours=self.exclude_last_hours or 0.0,
            refresh_hours=self.every_hours,
            exclude=self.exclude,
            keep_drifted=self.keep_drifted,
            per_segment=self.per_segment,
        )

    def _only(self, kind: str, allowed: tuple[str, ...]) -> None:
        given = {
            "--until": self.until is not None,
            "--every": self.every_hours is not None,
            "--exclude": bool(self.exclude),
            "--exclude-last": self.exclude_last_hours is not None,
            "--keep-drifted": self.keep_drifted,
        }
        wrong = [option for option, there in given.items() if there and option not in allowed]
        if wrong:
            raise InvalidInput(f"{' and '.join(wrong)} means nothing beside {kind}")
