"""Tests count if they assert something about the code."""

import ast

import pytest

from registry.formats.assertions import ParsedFile, read_tests

CODE = "def double(number):\n    return 2 * number\n"


def asserting(test: str, *, conftest: str = "") -> tuple[int, int]:
    """(test functions, those that count) of a package with this test file."""
    texts = {"src/tiny/__init__.py": CODE, "tests/test_tiny.py": test, "tests/conftest.py": conftest}
    facts = read_tests([ParsedFile(path, ast.parse(text)) for path, text in texts.items()])
    assert facts is not None
    return facts.functions, facts.asserting


IMPORT = "import unittest, pytest\nfrom tiny import double\nimport tiny\n"


@pytest.mark.parametrize(
    "body",
    [
        "def test_a():\n    assert double(2) == 4\n",
        "def test_a():\n    found = double(2)\n    twice = found + 1\n    assert twice == 5\n",
        "def test_a():\n    with pytest.raises(TypeError):\n        double()\n",
        "def test_a():\n    for each in [tiny.double(1)]:\n        assert each\n",
        "@pytest.mark.parametrize('a, b', [(1, 2)])\ndef test_a(a, b):\n    assert double(a) == b\n",
        "def test_a(tmp_path):\n    assert tmp_path\n",
        "async def test_a():\n    assert (found := await double(2)) == 4\n",
        "class TestA(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(double(2), 4)\n",
    ],
)
def test_what_depends_on_the_package_counts(body: str) -> None:
    assert asserting(IMPORT + body) == (1, 1)


@pytest.mark.parametrize(
    "body",
    [
        "def test_a():\n    pass  # assert double(2) == 4\n",
        'def test_a():\n    """assert double(2) == 4"""\n',
        "def test_a():\n    double(2)\n",
        "def test_a():\n    assert True\n",
        "def test_a():\n    x = 1\n    assert x == 1\n",
        "@pytest.mark.parametrize('a, b', [(1, 1)])\ndef test_a(a, b):\n    assert a == b\n",
        "class TestA(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(1, 1)\n",
        "def test_a():\n    with pytest.raises(ZeroDivisionError):\n        1 / 0\n",
    ],
)
def test_what_depends_on_nothing_does_not(body: str) -> None:
    assert asserting(IMPORT + body) == (1, 0)


def test_a_fixture_is_worth_something_where_the_package_makes_it() -> None:
    test = "def test_a(client):\n    assert client.get()\n"
    assert asserting(test) == (1, 0)
    assert asserting(test, conftest="from tiny import double\n") == (1, 1)


def test_without_tests_there_is_nothing_to_say() -> None:
    assert read_tests([ParsedFile("a.py", ast.parse(CODE))]) is None
