"""The page of an explanation: what has no upper limit says so."""

from __future__ import annotations

import httpx2

from tests.seeding.story import MODEL

HTML = {"accept": "text/html"}
ASKED = {"field": "image.sharpness", "version": "1"}


def test_an_interval_without_an_upper_end_says_so(client: httpx2.Client) -> None:
    found = client.get(
        f"/api/v1/models/{MODEL}/fields/{ASKED['field']}/explanation", params={"version": "1"}
    ).json()
    assert found["status"] == "drifted"
    endless = {one["name"]: one for one in found["statistics"] if one["upper"] is None}
    assert "psi" in endless
    page = client.get(f"/models/{MODEL}/explanation", params=ASKED, headers=HTML)
    assert page.status_code == 200
    assert page.text.count(", no upper limit</td>") == len(endless)
    assert f"{endless['psi']['lower']:.3f}, no upper limit" in page.text
    assert not [bad for bad in (">inf<", "to inf", "to nan", "None") if bad in page.text]
