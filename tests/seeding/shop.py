"""A shop whose amounts rise in one country while vouchers take over: events and baseline, really judged."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from detectors.monitor import Monitor
from detectors.reference_rows import baseline_from_rows
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, parse_contract
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.traffic import normal, send, window

ROWS_OF_A_WINDOW = 300
QUIET_WINDOWS, MOVED_WINDOWS = 30, 2

SHOP = parse_contract(
    {
        "model": "shop",
        "fields": [
            {"name": "amount", "kind": "numeric"},
            {"name": "payment", "kind": "categorical"},
            {"name": "country", "kind": "categorical", "role": "segment"},
        ],
    }
)
PAYMENTS = ["card", "invoice", "voucher"]


def seed_shop(store: Store, settings: Settings, *, per_segment: bool = False) -> Contract:
    """Thirty quiet windows of a minute, then two in which the shop changed; evaluated by the monitor.

    With ``per_segment`` each country is watched on its own too.
    """
    contract = ContractStore(store).register(SHOP)
    rng = np.random.default_rng(3)
    n = 5000
    baseline_from_rows(
        store,
        contract,
        [
            {
                "amount": normal(3, n),
                "payment": rng.choice(PAYMENTS, n, p=[0.6, 0.3, 0.1]).tolist(),
                "country": rng.choice(["A", "B"], n).tolist(),
            }
        ],
        name="training",
        source="training.parquet",
        settings=settings if per_segment else None,
    )
    n = ROWS_OF_A_WINDOW
    for number in range(QUIET_WINDOWS + MOVED_WINDOWS):
        rng = np.random.default_rng([number, 5])
        moved = number >= QUIET_WINDOWS
        country = rng.choice(["A", "B"], n)
        shares = [0.3, 0.3, 0.4] if moved else [0.6, 0.3, 0.1]
        send(
            store,
            contract,
            {
                "amount": (rng.normal(size=n) + 2.0 * moved * (country == "B")).tolist(),
                "payment": rng.choice(PAYMENTS, n, p=shares).tolist(),
                "country": country.tolist(),
            },
            start=window(number),
        )
    Monitor(store, settings).evaluate(contract, window(QUIET_WINDOWS + MOVED_WINDOWS) + timedelta(seconds=5))
    return contract
