"""The table of settings in docs/operations.md. `python -m tests.docs.settings_table` writes it again."""

from pathlib import Path

from registry.settings import Settings, describe

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
_BEGIN, _END = "| setting | default | meaning |\n", "\n\n"


def table() -> str:
    """The table as the settings are now, in Markdown."""
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |"
        for name, default, _, meaning in describe(Settings(_env_file=None))
    ]
    return _BEGIN + "\n".join(("| --- | --- | --- |", *rows))


def with_table(page: str) -> str:
    """The page with the table as it should be."""
    before, _, rest = page.partition(_BEGIN)
    return before + table() + rest[rest.index(_END) :]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
