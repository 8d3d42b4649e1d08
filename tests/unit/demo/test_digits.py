"""The documents are split without overlap and with the same mix of digits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from demo.digits import Documents, load_pools
from driftline.errors import DependencyMissing

NAMES = ("train", "holdout", "morning", "afternoon")


def test_no_document_is_in_two_pools_and_none_is_lost() -> None:
    pools = load_pools()
    ids = [set(getattr(pools, name).ids.tolist()) for name in NAMES]
    for one, other in itertools.combinations(ids, 2):
        assert not one & other
    assert set().union(*ids) == set(range(1797))


@pytest.mark.parametrize("name", NAMES)
def test_every_pool_has_the_same_mix_of_digits_and_grey_levels(name: str) -> None:
    documents: Documents = getattr(load_pools(), name)
    shares = np.bincount(documents.labels, minlength=10) / len(documents)
    assert np.abs(shares - 0.1).max() < 0.01
    assert documents.images.shape == (len(documents), 8, 8)
    assert documents.images.min() == 0.0
    assert documents.images.max() == 1.0


def test_join_keeps_order_and_of_nothing_gives_nothing() -> None:
    pools = load_pools()
    joined = Documents.join([pools.train, pools.holdout])
    assert joined.ids.tolist() == [*pools.train.ids.tolist(), *pools.holdout.ids.tolist()]
    assert len(Documents.join([])) == 0


def test_without_scikit_learn_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    load_pools.cache_clear()
    monkeypatch.setattr("demo.digits.find_spec", lambda _name: None)
    with pytest.raises(DependencyMissing, match=r"pip install 'driftline\[demo\]'"):
        load_pools()
