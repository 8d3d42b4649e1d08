"""Losses of single rankings and transcripts as ClickHouse expressions over ``labelled_events``.

They are those behind the metrics, so that a mean of losses is the metric (``ranking.py``,
``transcription.py``), but for a transcript with more errors than its reference is long: it counts as wholly
wrong, since the loss of one event has to be bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LONGEST: Final = 65_536
"""Bytes of a text that the database aligns; events with a longer one do not count."""

_LISTED: Final = (
    "arrayMap(item -> if(startsWith(item, '\"'), JSONExtractString(item), item), JSONExtractArrayRaw({}))"
)
_ITEMS: Final = f"arraySlice({_LISTED.format('prediction_text')}, 1, {{loss_k:UInt16}})"
_IS_LIST: Final = "JSONType(truth_text) = 'Array'"
_RELEVANT: Final = f"arrayDistinct({_LISTED.format('truth_text')})"
_WEIGHTED: Final = "JSONExtractKeysAndValues(truth_text, 'Float64')"
_KEYS: Final = f"if({_IS_LIST}, {_RELEVANT}, arrayMap(pair -> pair.1, {_WEIGHTED}))"
_GAINS: Final = (
    f"if({_IS_LIST}, arrayMap(item -> 1., {_RELEVANT}), arrayMap(pair -> greatest(pair.2, 0.), {_WEIGHTED}))"
)
# An item that is listed again keeps its place but gains nothing there.
_GAINED: Final = (
    f"arrayMap((item, time) -> if(time = 1, ({_GAINS})[indexOf({_KEYS}, item)], 0.), "
    f"{_ITEMS}, arrayEnumerateUniq({_ITEMS}))"
)
_HITS: Final = f"arrayMap(gain -> toUInt8(gain > 0), {_GAINED})"
_TO_FIND: Final = f"arrayCount(gain -> gain > 0, {_GAINS})"
_DISCOUNTED: Final = "arraySum(arrayMap((gain, place) -> gain / log2(place + 1), {0}, arrayEnumerate({0})))"
_BEST: Final = f"arraySlice(arrayReverseSort({_GAINS}), 1, {{loss_k:UInt16}})"

_SHORT: Final = f"greatest(length(truth_text), length(prediction_text)) <= {LONGEST}"


def _cut(text: str) -> str:
    return f"replaceRegexpAll(if({_SHORT}, {text}, ''), '^\\\\s+|\\\\s+$', '')"


def _words(text: str) -> str:
    """As jiwer: runs of white space are one space, and spaces part words."""
    one_spaced = f"replaceRegexpAll({_cut(text)}, '\\\\s\\\\s+', ' ')"
    return f"arrayFilter(word -> word != '', splitByChar(' ', {one_spaced}))"


_CHARACTERS: Final = f"lengthUTF8({_cut('truth_text')})"
_WORD_COUNT: Final = f"length({_words('truth_text')})"

LOSSES: Final[Mapping[str, str]] = {
    "ndcg": f"1 - {_DISCOUNTED.format(_GAINED)} / {_DISCOUNTED.format(_BEST)}",
    "average_precision": "1 - arraySum(arrayMap((hit, found, place) -> hit * found / place, "
    f"{_HITS}, arrayCumSum({_HITS}), arrayEnumerate({_HITS}))) / {_TO_FIND}",
    "reciprocal_rank": f"if({_TO_FIND} = 0, nan, 1 - if(has({_HITS}, 1), 1 / indexOf({_HITS}, 1), 0.))",
    "recall": f"1 - arraySum({_HITS}) / {_TO_FIND}",
    "ctr": f"1 - toFloat64(has({_HITS}, 1))",
    "cer": f"editDistanceUTF8({_cut('truth_text')}, {_cut('prediction_text')}) / {_CHARACTERS}",
    "wer": f"arrayLevenshteinDistance({_words('truth_text')}, {_words('prediction_text')}) / {_WORD_COUNT}",
}
"""By metric; NaN where there is nothing to find or the reference is empty. Parameter: loss_k UInt16."""

WEIGHTS: Final[Mapping[str, str]] = {"cer": _CHARACTERS, "wer": _WORD_COUNT}
"""Factors on the weights: transcripts count by their length, so that the mean loss is the rate of all."""

_READABLE: Final = (
    "isValidJSON(prediction_text) AND isValidJSON(truth_text) AND JSONType(prediction_text) = 'Array' "
    "AND JSONType(truth_text) IN ('Array', 'Object')"
)
COUNTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("ndcg", "average_precision", "reciprocal_rank", "recall", "ctr"), _READABLE),
    **{metric: f"{length} > 0" for metric, length in WEIGHTS.items()},
}
"""Which events count."""
