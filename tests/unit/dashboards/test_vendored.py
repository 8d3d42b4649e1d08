"""What is vendored has its licence beside it and is what the pages load; nothing comes from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

WEB = Path(__file__).parents[3] / "dashboards" / "web"


def test_every_vendored_file_has_a_licence_and_is_used() -> None:
    layout = (WEB / "templates" / "layout.html").read_text(encoding="utf-8")
    files = [path for path in (WEB / "static" / "vendor").iterdir() if path.suffix in (".js", ".css")]
    assert files
    for path in files:
        licence = path.with_name(f"{path.name.split('-')[0]}.LICENSE.txt")
        assert licence.read_text(encoding="utf-8").strip()
        assert f"/static/vendor/{path.name}" in layout


def test_pages_load_nothing_from_another_host_and_run_nothing_inline() -> None:
    for template in (WEB / "templates").glob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), template.name
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template.name
        assert not re.search(r"\s(?:style|on\w+)=", text), template.name
