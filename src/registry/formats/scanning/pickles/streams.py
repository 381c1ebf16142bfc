"""Finds the pickles in a file: those at its start, one after another, and those that lie anywhere in it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import re2

from registry.domain.safety import FindingLevel
from registry.formats.scanning.limits import LimitReached
from registry.formats.scanning.pickles.endings import Broken
from registry.formats.scanning.pickles.findings import Effects
from registry.formats.scanning.pickles.machine import Budget, Machine
from registry.formats.scanning.pickles.opcodes import OPCODES
from registry.formats.scanning.pickles.policy import DENIED_MODULES, Judgement, judge
from registry.formats.scanning.pickles.reader import Reader
from registry.formats.scanning.pickles.values import UNKNOWN, Bytes, Value
from registry.formats.scanning.sources import Source

_OVERLAP = 2048
_LOOK_BACK = 240
_FIRST_BYTES = 4096
_NOTHING = -1
_TOO_MANY = "it holds too many beginnings of pickles to follow"
_SEARCH_OPCODES = 4_000_000
_ATTEMPT_OPCODES = 1_000_000
_MAX_SAID = 10_000
_MAX_BEGINNINGS_IN_PIECE = 10_000
_MAX_BEGINNINGS = 200_000
"""More are no accident, and would cost too much."""

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.dot_nl = True
_OPTIONS.max_mem = 64 * 1024 * 1024
_FIRST = rb"(FIJKLMNSTUVXGP\]\})\x80\x82-\x84\x88-\x8f\x95-\x97cCB"
_PROTO = re2.compile(rb"\x80[\x00-\x05][" + _FIRST + rb"]", _OPTIONS)
_MODULES = sorted(
    {module.split(".", 1)[0] for module in DENIED_MODULES}
    | {"builtins", "__builtin__", "types", "operator", "_operator", "functools", "itertools", "_codecs", "codecs"}
)
_IMPORT = re2.compile(rb"[ci](?:" + "|".join(_MODULES).encode() + rb")(?:\.[\w.]{1,100})?\n[\w.]{1,100}\n", _OPTIONS)
_MEMO = rb"(?:\x94|q.|r.{4}|p[0-9]{1,9}\n)?"
_SHORT_TEXT = rb"(?:\x8c.|U.|X.\x00{3}|T.\x00{3}|\x8d.\x00{7}|[VS]['\"]?)"
_STACK_IMPORT = re2.compile(_SHORT_TEXT + rb"([\w.\\]{2,100})['\"]?\n?" + _MEMO + rb"\x93", _OPTIONS)
_MODULE_BEFORE = re.compile(_SHORT_TEXT + rb"([\w.\\]{1,100})['\"]?\n?" + _MEMO + rb"\Z", re.DOTALL)


@dataclass(slots=True)
class Outcome:
    """What became of a file: whether there are pickles at its start, why they could not be read completely, and which
    of their bytes they load as files."""

    pickles: int = 0
    problem: str | None = None
    files: dict[Bytes, None] = field(default_factory=dict)


Say = Callable[[FindingLevel, str], None]


class PickleSearch:
    """Reads one source. `say` gets each finding at once, so that none is lost by what comes later."""

    def __init__(self, source: Source, say: Say, *, opcodes: int) -> None:
        self._source = source
        self._said: set[tuple[FindingLevel, str]] = set()
        self._report = say
        self._budget = Budget(opcodes)
        self._search = Budget(min(opcodes, _SEARCH_OPCODES))

    def _say(self, level: FindingLevel, text: str) -> None:
        if len(self._said) < _MAX_SAID:
            self._said.add((level, text))
        self._report(level, text)

    def read_start(self, offset: int = 0) -> Outcome:
        """Pickles one after another from `offset` on, as `pickle.load` in a loop, and PyTorch's old form, read them."""
        outcome = Outcome()
        reader = Reader(self._source, offset)
        while reader.offset < self._source.size:
            start = reader.offset
            effects = Effects(self._say)
            effects.files = outcome.files
            begins = _PROTO.match(self._source.read(start, 3)) is not None
            try:
                Machine(reader, effects, self._budget, actions=OPCODES).run()
            except (Broken, EOFError) as error:
                if begins or effects.acts:
                    effects.finish()
                    what = "ends too early" if isinstance(error, EOFError) else "is damaged"
                    outcome.pickles += 1
                    outcome.problem = f"its pickle {what} at byte {reader.offset:,}"
                return outcome
            except LimitReached as error:
                effects.finish()
                outcome.pickles += 1
                outcome.problem = f"its pickle is not read beyond byte {reader.offset:,}: {error}"
                return outcome
            effects.finish()
            outcome.pickles += 1
        return outcome

    def search(self) -> str | None:
        """Pickles anywhere in the bytes. Gives why the search ended early, None when it did not."""
        total = 0
        try:
            for offset, data in self._source.pieces(overlap=_OVERLAP):
                count = 0
                for count, (start, stack, opcode) in enumerate(_beginnings(data), 1):
                    if start >= 0 and not self._visited(offset + opcode):
                        self._attempt(offset + start, data[start : start + _FIRST_BYTES], stack)
                    if count > _MAX_BEGINNINGS_IN_PIECE:
                        return _TOO_MANY
                total += count
                if total > _MAX_BEGINNINGS:
                    return _TOO_MANY
        except LimitReached:
            return _TOO_MANY
        return None

    def _visited(self, place: int) -> bool:
        return place in self._budget.visited or place in self._search.visited

    def _attempt(self, start: int, data: bytes, stack: list[Value] | None) -> None:
        """Follow what may begin here. Chance bytes hold calls of unknown names, but no denied ones that work."""
        said: list[tuple[FindingLevel, str]] = []
        effects = Effects(lambda level, text: said.append((level, text)) if len(said) < 50 else None)
        budget = Budget(min(self._search.opcodes, _ATTEMPT_OPCODES), self._search.visited)
        granted = budget.opcodes
        whole = over = False
        try:
            reader = Reader(self._source, start, buffer=data)
            machine = Machine(reader, effects, budget, actions=OPCODES, tolerant=stack is not None)
            machine.stack.extend(stack or ())
            machine.run()
            whole = True
        except (Broken, EOFError):
            pass
        except LimitReached:
            over = True
        self._search.opcodes -= granted - budget.opcodes + 20
        for level, text in said:
            if (level, text) not in self._said and (level is FindingLevel.DANGEROUS or (whole and stack is None)):
                self._said.add((level, text))
                self._report(level, f"{text} (in a pickle at byte {start:,})")
        if over or self._search.opcodes <= 0:
            raise LimitReached("opcodes")


def _beginnings(data: bytes) -> Iterator[tuple[int, list[Value] | None, int]]:
    """Where pickles may begin: a protocol's opcode, or an import; the stack that reading starts with; that opcode.

    Imports of harmless names are yielded as _NOTHING, so that they count.
    """
    for match in _PROTO.finditer(data):
        yield match.start(), None, match.start()
    for match in _IMPORT.finditer(data):
        opcode = match.start()
        if data[opcode] == ord("c"):
            yield opcode - (data[opcode - 1 : opcode] == b"("), [], opcode
        elif start := _arguments_before(data, opcode):
            yield start, [], opcode
    for match in _STACK_IMPORT.finditer(data):
        name, opcode = match[1].decode("latin-1"), match.end() - 1
        before = _MODULE_BEFORE.search(data, max(0, match.start() - _LOOK_BACK), match.start())
        if before is None:
            yield (match.start() if judge("unknown", name) is Judgement.DENIED else _NOTHING), [UNKNOWN], opcode
        elif _may_name_denied(match[0] + before[1], before[1], name):
            yield before.start(), [], opcode
        else:
            yield _NOTHING, [], opcode


def _may_name_denied(text: bytes, module: bytes, name: str) -> bool:
    return b"\\" in text or judge(module.decode("latin-1"), name) is Judgement.DENIED


def _arguments_before(data: bytes, end: int) -> int:
    """INST takes its arguments from the mark before it: the last one in reach; 0 for none."""
    return max(0, data.rfind(b"(", max(0, end - _LOOK_BACK), end))
