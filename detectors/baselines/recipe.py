"""Recipes: how a baseline is made and kept, as its owner declares it and as it is stored with it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from detectors.baselines.spans import Moment, Span
from driftline.errors import InvalidInput

_UNITS = {"m": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])")


class _Recipe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    per_segment: bool = Field(
        default=True, description="Also count each value of the contract's segment fields on its own."
    )


class FileRecipe(_Recipe):
    """Rows that were handed over: a file, or rows sent to the API. Nothing is known of their order."""

    kind: Literal["file"] = "file"


class WindowRecipe(_Recipe):
    """A past range of the model's own traffic."""

    kind: Literal["window"] = "window"
    since: Moment
    until: Moment
    exclude: tuple[Span, ...] = Field(default=(), description="Parts of it that are left out.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        Span(since=self.since, until=self.until)
        return self


class FirstHoursRecipe(_Recipe):
    """The first hours of traffic of each version, made as soon as a version has them."""

    kind: Literal["first_hours"] = "first_hours"
    hours: float = Field(gt=0, le=8760, description="Hours with traffic that are needed.")


class RollingRecipe(_Recipe):
    """The trailing days, made again and again, without windows that drifted."""

    kind: Literal["rolling"] = "rolling"
    days: float = Field(gt=0, le=400, description="Length of the history.")
    exclude_last_hours: float = Field(default=24.0, ge=0, description="How long ago the history ends.")
    refresh_hours: float = Field(default=24.0, gt=0, description="Hours after which it is made again.")
    exclude: tuple[Span, ...] = Field(default=(), description="Ranges that are always left out.")
    keep_drifted: bool = Field(default=False, description="Also take windows that drifted.")


class SeasonalRecipe(_Recipe):
    """Whole trailing weeks, so that every hour of the week is compared with itself."""

    kind: Literal["seasonal"] = "seasonal"
    weeks: int = Field(ge=2, le=52, description="Weeks of history; two at least show a weekly cycle.")
    exclude_last_hours: float = Field(default=0.0, ge=0, description="How long ago the history ends.")
    refresh_hours: float | None = Field(
        default=None, gt=0, description="Hours after which it is made again; never when absent."
    )
    exclude: tuple[Span, ...] = Field(default=(), description="Ranges that are always left out.")
    keep_drifted: bool = Field(default=False, description="Also take windows that drifted.")


Recipe = Annotated[
    FileRecipe | WindowRecipe | FirstHoursRecipe | RollingRecipe | SeasonalRecipe,
    Field(discriminator="kind"),
]
"""One of the five, told apart by ``kind``."""

TrailingRecipe = RollingRecipe | SeasonalRecipe

_RECIPE: TypeAdapter[Recipe] = TypeAdapter(Recipe)


def recipe_json(recipe: Recipe) -> str:
    """The recipe as it is stored; equal recipes give equal texts."""
    return recipe.model_dump_json()


def parse_recipe(text: str | bytes) -> Recipe:
    """Read a stored recipe; an empty text (a baseline from before there were recipes) is a file's.

    Raises
    ------
    InvalidInput
        The text is no recipe; the message lists the faults.
    """
    if not text:
        return FileRecipe()
    try:
        return _RECIPE.validate_json(text)
    except ValidationError as error:
        raise InvalidInput(f"this is no recipe of a baseline: {faults(error)}") from error


def faults(error: ValidationError) -> str:
    """Every fault of a recipe on one line, without pydantic's framing."""
    found = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'recipe'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "; ".join(found)


def describe(recipe: Recipe) -> str:
    """The recipe in words.

    >>> describe(RollingRecipe(days=28))
    'the trailing 28 days but the last 24 h, made again every 24 h'
    >>> describe(SeasonalRecipe(weeks=4))
    'the trailing 4 weeks'
    >>> describe(FirstHoursRecipe(hours=24))
    'the first 24 h of a version'
    """
    match recipe:
        case FileRecipe():
            return "rows from a file"
        case WindowRecipe():
            text = f"traffic {recipe.since:%Y-%m-%d %H:%M:%S} to {recipe.until:%Y-%m-%d %H:%M:%S} UTC"
            return text + _excluding(recipe.exclude)
        case FirstHoursRecipe():
            return f"the first {recipe.hours:g} h of a version"
        case RollingRecipe() | SeasonalRecipe():
            length = f"{recipe.days:g} days" if isinstance(recipe, RollingRecipe) else f"{recipe.weeks} weeks"
            text = f"the trailing {length}"
            if recipe.exclude_last_hours:
                text += f" but the last {recipe.exclude_last_hours:g} h"
            if recipe.refresh_hours:
                text += f", made again every {recipe.refresh_hours:g} h"
            return text + _excluding(recipe.exclude)


def _excluding(spans: tuple[Span, ...]) -> str:
    return f", without {'; '.join(span.text for span in spans)}" if spans else ""


def hours(text: str) -> float:
    """Read a duration such as ``90m``, ``24h``, ``28d`` or ``4w``; in hours.

    >>> hours("28d"), hours("90m")
    (672.0, 1.5)

    Raises
    ------
    InvalidInput
        It is none, or nothing.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise InvalidInput(f"{text!r} is no duration: write for example 90m, 24h, 28d or 4w")
    return float(match[1]) * _UNITS[match[2]]


def default_recipe(text: str) -> FirstHoursRecipe | None:
    """The recipe of models whose owner declared none, as the setting ``default_baseline`` says it.

    >>> default_recipe("first 24h")
    FirstHoursRecipe(per_segment=True, kind='first_hours', hours=24.0)
    >>> default_recipe("none") is None
    True

    Raises
    ------
    InvalidInput
        It is neither ``none`` nor ``first`` and a duration.
    """
    words = text.split()
    if words == ["none"]:
        return None
    if len(words) == 2 and words[0] == "first":
        return FirstHoursRecipe(hours=hours(words[1]))
    raise InvalidInput(f"default_baseline must be 'none' or such as 'first 24h', got {text!r}")


def trailing_span(recipe: TrailingRecipe, last_closed: Moment, window_seconds: int) -> Span:
    """The stretch that a trailing recipe covers at a moment, in whole windows.

    Parameters
    ----------
    last_closed
        End of the newest closed window.

    Raises
    ------
    InvalidInput
        A season was asked for, but a week is no whole number of windows.
    """
    step = timedelta(seconds=window_seconds)
    gap = timedelta(hours=recipe.exclude_last_hours)
    until = last_closed - -(-gap // step) * step
    if isinstance(recipe, SeasonalRecipe):
        if timedelta(weeks=1) % step:
            raise InvalidInput(
                f"a seasonal baseline needs windows that divide a week; window_seconds is {window_seconds}"
            )
        return Span(since=until - timedelta(weeks=recipe.weeks), until=until)
    return Span(since=until - max(1, timedelta(days=recipe.days) // step) * step, until=until)
