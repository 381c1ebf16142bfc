"""Scores as bars and states as badges: HTML of numbers and known words alone, made once for each value.

As template macros they took a third of the CPU of a list.
"""

from functools import lru_cache

from markupsafe import Markup

_KEPT = 4_096
_STATUSES = {
    "active": "good",
    "deprecated": "warn",
    "pending": "warn",
    "draft": "warn",
    "quarantined": "bad",
    "failed": "bad",
}
SAFETIES = {
    "clean": ("good", "scanned, nothing found"),
    "not_scanned": ("warn", "not completely scanned"),
    "suspicious": ("warn", "suspicious"),
    "dangerous": ("bad", "dangerous"),
}


@lru_cache(_KEPT)
def score_bar(value: float | None, low: float, high: float) -> Markup:
    """A score (0.0–1.0, None where there is none) and its range. The label says what the colours show."""
    if value is None:
        label, inside = "no score", '<rect class="bar-unknown" x="2" y="3" width="100" height="8" rx="2"/>'
    else:
        label = f"score {value:.2f}, between {low:.2f} and {high:.2f}"
        inside = (
            f'<rect class="bar-value" x="2" y="3" width="{100 * low:.1f}" height="8"/>'
            f'<rect class="bar-range" x="{2 + 100 * low:.1f}" y="3" width="{100 * (high - low):.1f}" height="8"/>'
            f'<rect class="bar-point" x="{1 + 100 * value:.1f}" y="0" width="2.5" height="14"/>'
        )
    return Markup(  # noqa: S704  (of numbers alone)
        f'<svg viewBox="0 0 104 14" role="img" aria-label="{label}" preserveAspectRatio="none">'
        f'<rect class="bar-track" x="2" y="3" width="100" height="8" rx="2"/>{inside}</svg>'
    )


@lru_cache(_KEPT)
def net_score(value: float, low: float, high: float) -> Markup:
    """The net score as a bar and as numbers."""
    bar = score_bar(value, low, high)
    return Markup('<span class="score">{} {:.2f} <span class="hint">({:.2f}–{:.2f})</span></span>').format(
        bar, value, low, high
    )


@lru_cache
def status_badge(status: str) -> Markup:
    return _badge(_STATUSES.get(status, ""), status)


@lru_cache
def safety_badge(status: str | None) -> Markup:
    """Nothing where there is no verdict."""
    return Markup("") if not status else _badge(*SAFETIES.get(status, ("", status)))


def _badge(kind: str, words: str) -> Markup:
    return Markup('<span class="badge {}">{}</span>').format(kind, words)
