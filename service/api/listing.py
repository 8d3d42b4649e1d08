"""The shape of every list in the API."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import Field

from driftline.readmodel.records import Record

Item = TypeVar("Item")


class Listing(Record, Generic[Item]):
    """A list of the newest entries that were asked for."""

    items: tuple[Item, ...] = Field(description="Newest first.")
