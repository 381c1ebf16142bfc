"""DynamoDB's expressions, as far as the registry uses them: parsed once, then evaluated on items.

Conditions: comparisons, BETWEEN, AND, OR, NOT, parentheses, `attribute_exists`, `attribute_not_exists`, `contains`,
`begins_with`, `size`. Updates: SET (with `if_not_exists`, `list_append`, + and -), REMOVE (with an index), ADD, DELETE.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

Item = dict[str, Any]
Names = Mapping[str, str]
Node = tuple[Any, ...]
_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),+\-\[\]]|[#:]?[A-Za-z_][A-Za-z0-9_]*|\d+)")
_CLAUSES = frozenset({"SET", "REMOVE", "ADD", "DELETE"})
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        if "".join(self.tokens) != re.sub(r"\s", "", text):
            raise ValueError(f"not understood: {text}")
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if wanted and token not in wanted:
            raise ValueError(f"{token!r} where one of {wanted} was expected")
        self.place += 1
        return token

    def condition(self) -> Node:
        found = [self.conjunction()]
        while self.peek() == "OR":
            self.take()
            found.append(self.conjunction())
        return found[0] if len(found) == 1 else ("or", *found)

    def conjunction(self) -> Node:
        found = [self.simple()]
        while self.peek() == "AND":
            self.take()
            found.append(self.simple())
        return found[0] if len(found) == 1 else ("and", *found)

    def simple(self) -> Node:
        if self.peek() == "NOT":
            self.take()
            return ("not", self.simple())
        if self.peek() == "(":
            self.take()
            found = self.condition()
            self.take(")")
            return found
        left = self.operand()
        if self.peek() == "BETWEEN":
            self.take()
            lowest = self.operand()
            self.take("AND")
            return ("and", ("compare", ">=", left, lowest), ("compare", "<=", left, self.operand()))
        return ("compare", self.take(), left, self.operand()) if self.peek() in _COMPARISONS else left

    def operand(self) -> Node:
        token = self.take()
        if self.peek() == "(":
            self.take()
            given = [self.operand()]
            while self.take(",", ")") == ",":
                given.append(self.operand())
            return ("call", token, *given)
        if token.startswith(":"):
            return ("value", token)
        if self.peek() == "[":
            self.take()
            place = int(self.take())
            self.take("]")
            return ("element", token, place)
        return ("path", token)

    def sum(self) -> Node:
        found = self.operand()
        while self.peek() in ("+", "-"):
            found = ("sum", self.take(), found, self.operand())
        return found

    def update(self) -> list[Node]:
        actions: list[Node] = []
        while clause := self.peek():
            self.take(*_CLAUSES)
            while True:
                target = self.operand()
                if clause == "SET":
                    self.take("=")
                    actions.append((clause, target, self.sum()))
                else:
                    actions.append((clause, target, None if clause == "REMOVE" else self.operand()))
                if self.peek() != ",":
                    break
                self.take()
        return actions


@lru_cache(maxsize=1024)
def parse_condition(text: str) -> Node:
    parser = _Parser(text)
    found = parser.condition()
    if parser.peek():
        raise ValueError(f"not understood: {text}")
    return found


@lru_cache(maxsize=1024)
def _parse_update(text: str) -> tuple[Node, ...]:
    return tuple(_Parser(text).update())


class Context:
    """An item with the placeholders of a request."""

    def __init__(self, item: Item, names: Names, values: Item) -> None:
        self.item = item
        self.names = names
        self.values = values

    def name(self, token: str) -> str:
        return self.names[token] if token.startswith("#") else token

    def value(self, node: Node) -> Any:
        """The attribute value that an operand means; None where there is none."""
        kind = node[0]
        if kind == "value":
            return self.values[node[1]]
        if kind == "path":
            return self.item.get(self.name(node[1]))
        if kind == "element":
            elements = self.item.get(self.name(node[1]), {}).get("L", [])
            return elements[node[2]] if node[2] < len(elements) else None
        if kind == "sum":
            left, right = (Decimal(self.value(each)["N"]) for each in node[2:])
            return {"N": str(left + right if node[1] == "+" else left - right)}
        return self._call(*node[1:])

    def _call(self, function: str, *given: Node) -> Any:
        first = self.value(given[0])
        if function == "size":
            return None if first is None else {"N": str(len(next(iter(first.values()))))}
        second = self.value(given[1])
        if function == "if_not_exists":
            return second if first is None else first
        if function == "list_append":
            return {"L": [*first["L"], *second["L"]]}
        raise ValueError(f"no function {function}")

    def holds(self, node: Node) -> bool:
        kind = node[0]
        if kind == "and":
            return all(self.holds(each) for each in node[1:])
        if kind == "or":
            return any(self.holds(each) for each in node[1:])
        if kind == "not":
            return not self.holds(node[1])
        if kind == "compare":
            left, right = self.value(node[2]), self.value(node[3])
            if left is None or right is None or left.keys() != right.keys():
                return bool(node[1] == "<>" and left is not None)
            return _COMPARISONS[node[1]](_plain(left), _plain(right))
        function, first = node[1], self.value(node[2])
        if function == "attribute_exists":
            return first is not None
        if function == "attribute_not_exists":
            return first is None
        found, wanted = next(iter(first.values()), ()) if first else (), self.value(node[3])
        if function == "contains":
            return wanted in found if first and "L" in first else next(iter(wanted.values())) in found
        if function == "begins_with":
            return bool(first) and str(found).startswith(wanted["S"])
        raise ValueError(f"no function {function}")


def _plain(value: Item) -> Any:
    kind, held = next(iter(value.items()))
    if kind == "N":
        return Decimal(held)
    return sorted(held) if kind in ("SS", "NS", "BS") else held


def holds(text: str | None, item: Item, names: Names, values: Item) -> bool:
    """Whether a condition holds; without one it does."""
    return not text or Context(item, names, values).holds(parse_condition(text))


def updated(text: str, item: Item, names: Names, values: Item) -> Item:
    """The item that an update makes of `item`."""
    before, after = Context(item, names, values), dict(item)
    removed: dict[str, list[int]] = {}
    for clause, target, operand in _parse_update(text):
        name = before.name(target[1])
        if clause == "SET":
            after[name] = before.value(operand)
        elif clause == "REMOVE" and target[0] == "element":
            removed.setdefault(name, []).append(target[2])
        elif clause == "REMOVE":
            after.pop(name, None)
        elif clause == "ADD":
            after[name] = _added(after.get(name), before.value(operand))
        else:
            left = sorted(set(after.get(name, {}).get("SS", [])) - set(before.value(operand)["SS"]))
            after[name] = {"SS": left}
            if not left:
                del after[name]
    for name, places in removed.items():
        after[name] = {"L": [each for place, each in enumerate(after[name]["L"]) if place not in places]}
    return after


def _added(held: Item | None, more: Item) -> Item:
    if "N" in more:
        return {"N": str(Decimal((held or {"N": "0"})["N"]) + Decimal(more["N"]))}
    return {"SS": sorted({*(held or {"SS": []})["SS"], *more["SS"]})}
