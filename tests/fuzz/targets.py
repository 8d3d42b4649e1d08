"""Every fuzz target: what it runs, and the sound inputs it starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.fuzz.codec_targets import CODECS, codec_target, packed
from tests.fuzz.seeds import SEEDS
from tests.fuzz.wire_seeds import WIRE_SEEDS
from tests.fuzz.wire_targets import (
    client_target,
    cloudevents_target,
    connection_target,
    ext_proc_target,
    frames_target,
)


@dataclass(frozen=True, slots=True)
class Target:
    """``run`` returns for any bytes; an exception is a finding."""

    run: Callable[[bytes], None]
    seeds: Sequence[bytes]


TARGETS: Mapping[str, Target] = {
    **{name: Target(codec_target(name), [packed(pair) for pair in SEEDS[name]]) for name in CODECS},
    "http1": Target(connection_target, WIRE_SEEDS["http1"]),
    "http2": Target(connection_target, WIRE_SEEDS["http2"]),
    "frames": Target(frames_target, WIRE_SEEDS["frames"]),
    "cloudevents": Target(cloudevents_target, WIRE_SEEDS["cloudevents"]),
    "ext_proc": Target(ext_proc_target, WIRE_SEEDS["ext_proc"]),
    "client": Target(client_target, WIRE_SEEDS["client"]),
}
