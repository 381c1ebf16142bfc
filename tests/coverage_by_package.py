"""Branch coverage by package, from the data that `make coverage` has combined.

With `--write` the numbers go to docs/coverage.md; nobody types them.
"""

import argparse
import io
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from coverage import Coverage

_DEPTH = {"adapters": 2, "services": 2}
"""How many folders make a package of the report; one for all others."""
_PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"


def package_of(path: str) -> str:
    """`src/registry/adapters/s3/blobs.py` → `adapters/s3`, and `registry` for a file beside the packages."""
    parts = Path(path).parts
    inside = parts[parts.index("registry") + 1 : -1]
    return "/".join(inside[: _DEPTH.get(inside[0], 1)]) if inside else "registry"


def table(files: dict[str, dict[str, int]]) -> str:
    """A Markdown table. `files` has coverage's summary of each file."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for path, summary in files.items():
        numbers = [summary[key] for key in ("covered_lines", "num_statements", "covered_branches", "num_branches")]
        for package in (package_of(path), "all"):
            sums[package] = [total + number for total, number in zip(sums[package], numbers, strict=True)]
    lines = io.StringIO()
    lines.write("| package | statements | branches | covered |\n| --- | ---: | ---: | ---: |\n")
    for package, (lines_hit, statements, branches_hit, branches) in sorted(
        sums.items(), key=lambda item: (item[0] == "all", item[0])
    ):
        covered = 100 * (lines_hit + branches_hit) / max(1, statements + branches)
        lines.write(f"| {package} | {statements} | {branches} | {covered:.1f} % |\n")
    return lines.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/coverage.md, after a run of the whole suite")
    arguments = parser.parse_args()
    coverage = Coverage()
    coverage.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(report))
        files = json.loads(report.read_text())["files"]
    text = table({path: found["summary"] for path, found in files.items()})
    sys.stdout.write(f"{text}\n")
    if arguments.write:
        _PAGE.write_text(f"# Branch coverage\n\nWritten by `make coverage` from a run of the whole suite.\n\n{text}")


if __name__ == "__main__":
    main()
