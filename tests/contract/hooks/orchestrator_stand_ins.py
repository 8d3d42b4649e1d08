"""Stand-ins for Airflow 2 and 3 and Buildbot 4: what was seen of the real servers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.contract.hooks.target_server import Answer, Call


@dataclass
class Airflow:
    """One DAG, ``retrain``; Airflow 3 knows only the token that it gave last."""

    version: int = 3
    trigger_path: str = "/dagRuns"
    dag_runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: int = 0

    def answer(self, call: Call) -> Answer:
        if call.path == ["auth", "token"]:
            if call.json != {"username": "driftline", "password": "af-1"}:
                return Answer(401, {"detail": "Invalid credentials"})
            self.tokens += 1
            return Answer(201, {"access_token": f"token-{self.tokens}"})
        allowed = {2: "Basic ZHJpZnRsaW5lOmFmLTE=", 3: f"Bearer token-{self.tokens}"}[self.version]
        if call.headers.get("authorization") != allowed:
            return Answer(403, {"detail": "Forbidden"})
        if call.path[:4] != ["api", {2: "v1", 3: "v2"}[self.version], "dags", "retrain"]:
            return Answer(404, {"detail": "The Dag with ID was not found"})
        match call.method, *call.path[4:]:
            case ["POST", "dagRuns"]:
                return self._start(call.json)
            case [method, "dagRuns", name, *rest]:
                run = self.dag_runs.get(name)
                if run is None:
                    return Answer(404, {"detail": f"The DagRun with run_id {name} was not found"})
                if (
                    method == "PATCH"
                    and rest == (["setNote"] if self.version == 2 else [])
                    and "note" in call.json
                ):
                    run["note"] = call.json["note"]
                elif method == "PATCH" and "state" in call.json:
                    run["state"] = call.json["state"]
                return Answer(200, run)
        return Answer(405, {"detail": "Method Not Allowed"})

    def _start(self, body: dict[str, Any]) -> Answer:
        if self.version == 3 and "logical_date" not in body:
            return Answer(422, {"detail": [{"msg": "Field required", "loc": ["body", "logical_date"]}]})
        if body["dag_run_id"] in self.dag_runs:
            return Answer(409, {"detail": {"reason": "Unique constraint violation"}})
        self.dag_runs[body["dag_run_id"]] = {**body, "state": "queued"}
        return Answer(200, self.dag_runs[body["dag_run_id"]])

    def runs(self, action_id: str) -> int:
        return int(action_id in self.dag_runs)

    def become(self, said: str) -> None:
        list(self.dag_runs.values())[-1]["state"] = said


@dataclass
class Buildbot:
    """One force scheduler, ``force-retrain``, that a session of the user ``driftline`` may use."""

    trigger_path: str = "/forceschedulers/force-retrain"
    sets: list[dict[str, Any]] = field(default_factory=list)
    claimed: bool = False

    def answer(self, call: Call) -> Answer:
        if call.path == ["auth", "login"]:
            if call.headers.get("authorization") != "Basic ZHJpZnRsaW5lOmJiLTE=":
                return Answer(401, "Unauthorized")
            return Answer(302, "", {"location": "/#/", "set-cookie": "TWISTED_SESSION=s1; Path=/"})
        match call.method, *call.path[2:]:
            case ["GET", "buildsets"]:
                wanted = call.query.get("reason__contains", "")
                found = [one for one in self.sets if wanted in one["reason"]]
                return Answer(200, {"buildsets": found, "meta": {"total": len(found)}})
            case ["GET", "buildsets", number]:
                found = [one for one in self.sets if str(one["bsid"]) == number]
                missing = {"error": "not found while getting from invalid-path"}
                return Answer(200, {"buildsets": found}) if found else Answer(404, missing)
            case ["GET", "buildrequests"]:
                found = [one for one in self.sets if str(one["bsid"]) == call.query["buildsetid"]]
                requests = [
                    {
                        "buildrequestid": one["bsid"] + 1000,
                        "buildsetid": one["bsid"],
                        "claimed": self.claimed,
                        "complete": one["complete"],
                    }
                    for one in found
                ]
                return Answer(200, {"buildrequests": requests})
        return self._control(call)

    def _control(self, call: Call) -> Answer:
        body = call.json
        reply = {"jsonrpc": "2.0", "id": body["id"]}
        if call.headers.get("cookie") != "TWISTED_SESSION=s1":
            said = "you need to have role 'd'"
            return Answer(403, {**reply, "error": {"code": -32600, "message": said}})
        match call.path[2:], body["method"]:
            case ["forceschedulers", "force-retrain"], "force":
                if "builderNames" in body["params"]:
                    error = {"code": -32602, "message": {"builderNames": "not a builder"}}
                    return Answer(400, {**reply, "error": error})
                number = 7 + len(self.sets)
                reason = f"A build was forced by 'driftline': {body['params']['reason']}"
                self.sets.append({"bsid": number, "reason": reason, "complete": False, "results": -1})
                return Answer(200, {**reply, "result": [number, {"1": number + 1000}]})
            case ["buildrequests", number], "cancel":
                for one in self.sets:
                    if one["bsid"] + 1000 == int(number):
                        one.update(complete=True, results=6)
                return Answer(200, {**reply, "result": None})
        return Answer(404, {**reply, "error": {"code": -32600, "message": "invalid path"}})

    def runs(self, action_id: str) -> int:
        return sum(one["reason"].endswith(action_id) for one in self.sets)

    def become(self, said: str) -> None:
        if said in ("waiting", "claimed"):
            self.claimed = said == "claimed"
            return
        self.sets[-1].update(complete=True, results=int(said))
