"""Untrusted text, made fit for a terminal."""

import json
import unicodedata


def printable(text: str) -> str:
    """The text without what steers a terminal (escape sequences, text direction); line ends and tabs stay."""
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs") else "\ufffd"
        for character in text
    )


def escaped(json_text: str) -> str:
    r"""JSON text in which such characters stand as `\uXXXX`, so that it means the same and steers nothing."""
    if json_text.isprintable():
        return json_text
    return "".join(
        character
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
        else json.dumps(character)[1:-1]
        for character in json_text
    )


def one_line(text: str) -> str:
    """Printable text with every run of white space as one space."""
    return " ".join(printable(text).split())


def score_text(score: float | None, bounds: tuple[float, float] | None) -> str:
    """A net score with the range that it lies in: `0.71 (0.64–0.74)`; empty where there is none."""
    if score is None:
        return ""
    return f"{score:.2f}" + (f" ({bounds[0]:.2f}–{bounds[1]:.2f})" if bounds else "")


def size_text(size_bytes: int) -> str:
    """A size as people read it: `42.0 MiB`."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    size = size_bytes / 1024
    for unit in ("KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
