"""Mutation tests by mutmut over `domain`, `formats` and `services`: a random sample, and the score of each package.

A mutant is one small change of the code; it survives when no test notices. Only the tests named in `[tool.mutmut]` of
pyproject.toml run, in this process, so code that is tested over HTTP alone counts as not covered, not as survived.
"""

import argparse
import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_MUTMUT = [sys.executable, "-m", "mutmut"]
_STATES = {0: "survived", 1: "killed", 3: "killed", 33: "not covered", 34: "skipped", 36: "timed out", 24: "timed out"}


def outcomes() -> dict[str, int | None]:
    """The exit code of each mutant's tests, by the mutant's name; None where it has not been tried."""
    found: dict[str, int | None] = {}
    for meta in (_ROOT / "mutants").rglob("*.py.meta"):
        found |= json.loads(meta.read_text())["exit_code_by_key"]
    return found


def package_of(name: str) -> str:
    """`registry.services.names.x.…` → `services`."""
    return name.split(".")[1]


def report(tried: dict[str, int | None]) -> str:
    """Lines by package; the score is the share of covered mutants that some test notices."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, code in tried.items():
        counts[package_of(name)][_STATES.get(code if code is not None else 34, "killed")] += 1
    lines = []
    for package, states in sorted(counts.items()):
        noticed = states["killed"] + states["timed out"]
        covered = noticed + states["survived"]
        score = f"{100 * noticed / covered:.0f} %" if covered else "–"
        lines.append(f"{package}: {score} of {covered} covered mutants noticed, {states['not covered']} not covered")
    survived = sorted(name for name, code in tried.items() if code == 0)
    return "\n".join([*lines, *(f"  survived: {name}" for name in survived)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=200, help="how many mutants, drawn at random (0: all; hours)")
    parser.add_argument("--seed", type=int, default=0, help="draws another sample")
    parser.add_argument("--only", default="", help="names that begin with this: registry.domain.versions")
    arguments = parser.parse_args()
    sys.stdout.write(f"Tries {arguments.sample or 'all'} mutants of copies in mutants/ (make clean removes them).\n")
    # Makes the mutants, tries none, and ends with an error for that.
    made = subprocess.run([*_MUTMUT, "run", "registry.nothing.*"], cwd=_ROOT, capture_output=True, check=False)
    names = sorted(name for name in outcomes() if name.startswith(arguments.only))
    if not names:
        sys.stderr.write(f"{made.stdout.decode()}{made.stderr.decode()}mutmut has made no mutants; see above.\n")
        return 1
    chosen = random.Random(arguments.seed).sample(names, min(arguments.sample or len(names), len(names)))  # noqa: S311
    code = subprocess.run([*_MUTMUT, "run", *chosen], cwd=_ROOT, check=False).returncode
    after = outcomes()
    sys.stdout.write(report({name: after[name] for name in chosen}) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
