"""The real app on a real server over the seeded story."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from fastapi import FastAPI

from driftline.settings import Settings
from driftline.store import Store
from service.api.app import create_app
from service.api.services import ApiServices
from tests.seeding.fleet import seed_fleet
from tests.seeding.serving import serving
from tests.seeding.story import WINDOW_SECONDS, Stage, seed_digits


@pytest.fixture
def app(store: Store, settings: Settings) -> FastAPI:
    """The app over a database that holds the story up to the recovery."""
    seed_digits(store, Stage.RECOVERED)
    seed_fleet(store)
    quick = settings.model_copy(update={"window_seconds": WINDOW_SECONDS, "allowed_lateness_seconds": 1.0})
    return create_app(ApiServices(store, quick))


@pytest.fixture
def client(app: FastAPI) -> Iterator[httpx2.Client]:
    """A client of the app on uvicorn."""
    with serving(app) as url, httpx2.Client(base_url=url, timeout=30, trust_env=False) as client:
        yield client
