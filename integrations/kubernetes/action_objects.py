"""Objects of a Kubernetes cluster, each created for an action and under its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from driftline.errors import PermanentDelivery, RetryableDelivery
from integrations.hookspecs import PipelineRequest
from integrations.json_api import JsonApi, segment
from integrations.kubernetes.object_name import ACTION_ANNOTATION, object_name


class ActionObjects:
    """Objects of one kind in one namespace.

    Parameters
    ----------
    api_version, kind
        As in a manifest, such as ``batch/v1`` and ``Job``; the path has the kind in small letters, and an s.
    """

    def __init__(self, api: JsonApi, api_version: str, kind: str, namespace: str) -> None:
        self._api = api
        self._api_version = api_version
        self._kind = kind
        self._path = f"/apis/{api_version}/namespaces/{segment(namespace)}/{kind.lower()}s"

    def create(self, request: PipelineRequest, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The action's object: a new one, or the one that the action has already."""
        manifest = {
            "apiVersion": self._api_version,
            "kind": self._kind,
            "metadata": {
                "name": object_name(request.action_id),
                "annotations": {ACTION_ANNOTATION: request.action_id},
            },
            "spec": spec,
        }
        response = self._api.send("POST", self._path, json=manifest, accept=(409,))
        if response.status_code != 409:
            return self._api.read_object(response)
        found = self.find(request)
        if found is None:
            raise RetryableDelivery(f"{self._path} answered 409: {response.text[:200]!r}", "server_error")
        return found

    def find(self, request: PipelineRequest) -> dict[str, Any] | None:
        """The action's object; ``None`` when there is none of its name."""
        name = object_name(request.action_id)
        response = self._api.send("GET", f"{self._path}/{name}", accept=(404,))
        if response.status_code == 404:
            return None
        found = self._api.read_object(response)
        annotations = (found.get("metadata") or {}).get("annotations") or {}
        if annotations.get(ACTION_ANNOTATION) != request.action_id:
            raise PermanentDelivery(
                f"{self._kind} {name} exists and is not of action {request.action_id}: remove it", "rejected"
            )
        return found

    def read(self, name: str) -> dict[str, Any]:
        """The object as it is now."""
        return self._api.object("GET", f"{self._path}/{segment(name)}")

    def merge(self, name: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        """The object after some of its fields were set."""
        headers = {"content-type": "application/merge-patch+json"}
        return self._api.object("PATCH", f"{self._path}/{segment(name)}", json=patch, headers=headers)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()
