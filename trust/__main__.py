"""`python -m trust [--check] [name …]`: measures, and writes the tables (or those named) into the documentation."""

import argparse
import sys

from trust import cheats, compatibility, examples, license_files, licenses, safety, worlds

SECTIONS = (
    *safety.SECTIONS,
    *licenses.SECTIONS,
    *license_files.SECTIONS,
    *compatibility.SECTIONS,
    *worlds.SECTIONS,
    *cheats.SECTIONS,
    *examples.SECTIONS,
)
"""Every table; a new subject adds a module with its own."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m trust", description=__doc__)
    parser.add_argument("names", nargs="*", help="the tables to measure; all by default")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a table is not as measured")
    options = parser.parse_args()
    changed = []
    for section in SECTIONS:
        if options.names and section.name not in options.names:
            continue
        if not section.write(check=options.check):
            changed.append(section.name)
        print(f"{section.page}: {section.name}")
    if options.check and changed:
        print(f"not as measured: {', '.join(changed)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
