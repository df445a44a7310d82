"""docs/tour.md names files and functions; they must exist."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUOTED = re.findall(r"`([^`\n]+)`", (ROOT / "docs/tour.md").read_text())


def test_every_path_exists():
    paths = [text for text in QUOTED if re.match(r"(src|examples|test)/", text)]
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_name_is_in_the_code():
    sources = [*ROOT.glob("src/**/*.h"), *ROOT.glob("src/**/*.cc")]
    code = "\n".join(source.read_text() for source in sources)
    names = [text for text in QUOTED if re.fullmatch(r"[A-Z][A-Za-z]+(::[A-Za-z]+)?", text)]
    assert len(names) > 15
    missing = [n for n in names if not re.search(rf"\b{n.split('::')[-1]}\b", code)]
    assert missing == []
