"""Episodes and the actions taken for them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from driftline.action_states import ActionState
from driftline.readmodel.actions import Action, ActionDetail, action, actions
from driftline.readmodel.episodes import Episode, EpisodeState, episode, episodes
from service.api import examples
from service.api.examples import example_of
from service.api.listing import Listing
from service.api.parameters import HistoryRange, KnownModel, Services

router = APIRouter(tags=["episodes"])

EpisodeStateFilter = Annotated[
    EpisodeState | Literal[""], Query(description="Only episodes in this state; all when empty.")
]
ActionStateFilter = Annotated[
    ActionState | Literal[""], Query(description="Only actions in this state; all when empty.")
]
EpisodeFilter = Annotated[str, Query(description="Only actions of this episode; all when empty.")]


@router.get("/episodes", summary="Episodes", responses=example_of(examples.EPISODE, listed=True))
def list_episodes(services: Services, span: HistoryRange, state: EpisodeStateFilter = "") -> Listing[Episode]:
    """Conditions of all models, by the time they opened."""
    return Listing(items=tuple(episodes(services.store, span, state=state)))


@router.get("/episodes/{episode_id}", summary="One episode", responses=example_of(examples.EPISODE))
def get_episode(
    services: Services, episode_id: Annotated[str, Path(description="Id of an episode.")]
) -> Episode:
    """One condition with the figures behind it."""
    return episode(services.store, episode_id)


@router.get(
    "/models/{model}/episodes",
    summary="Episodes of a model",
    responses=example_of(examples.EPISODE, listed=True),
)
def list_model_episodes(
    services: Services, model: KnownModel, span: HistoryRange, state: EpisodeStateFilter = ""
) -> Listing[Episode]:
    """Conditions of one model, by the time they opened."""
    return Listing(items=tuple(episodes(services.store, span, model, state)))


@router.get("/actions", summary="Actions", responses=example_of(examples.ACTION, listed=True))
def list_actions(
    services: Services, span: HistoryRange, state: ActionStateFilter = "", episode_id: EpisodeFilter = ""
) -> Listing[Action]:
    """What was done for all models, by the time it was decided."""
    return Listing(items=tuple(actions(services.store, span, "", episode_id, state)))


@router.get("/actions/{action_id}", summary="One action", responses=example_of(examples.ACTION_DETAIL))
def get_action(
    services: Services, action_id: Annotated[str, Path(description="Id of an action.")]
) -> ActionDetail:
    """One action with its log, what was sent and how it ended."""
    return action(services.store, action_id)


@router.get(
    "/models/{model}/actions",
    summary="Actions of a model",
    responses=example_of(examples.ACTION, listed=True),
)
def list_model_actions(
    services: Services,
    model: KnownModel,
    span: HistoryRange,
    state: ActionStateFilter = "",
    episode_id: EpisodeFilter = "",
) -> Listing[Action]:
    """What was done for one model, by the time it was decided."""
    return Listing(items=tuple(actions(services.store, span, model, episode_id, state)))
