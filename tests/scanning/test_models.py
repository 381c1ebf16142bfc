"""Model formats that carry code or refer to it, and what cannot be read."""

import io
import json
import struct
import zipfile

import pytest

from registry.domain.safety import SafetyStatus
from registry.formats.scanning.limits import MIB, ScanLimits
from tests.scanning.scanning import details, reasons, scan, status
from trust import models
from trust.containers import npy, tarred, zipped
from trust.hiding import SIMPLE

EXPECTED = {
    **dict.fromkeys(
        (
            "a SavedModel that lists files",
            "`auto_map`",
            "a path file that imports",
            "a start file",
            "a module that Python imports at its start",
            "a chat template with a name in parts",
            "a chat template that calls what it looks up",
            "a layer of PyTorch that holds tensors (.keras)",
        ),
        SafetyStatus.SUSPICIOUS,
    ),
    "ONNX data in its folder": SafetyStatus.CLEAN,
}
UNREADABLE = (
    "an encrypted file in a zip",
    "an unknown compression in a zip",
    "a pickle four archives deep",
    "LZ4, damaged",
    "LZ4, its old form",
    "Zstandard, cut",
    "7z",
    "a compiled library in a wheel",
    "Windows code in a wheel",
    "compiled Python",
    "compiled Java",
    "bytes of no known form, named as a pickle",
)


@pytest.mark.parametrize(("what", "name", "data"), models.MODELS, ids=[what for what, _, _ in models.MODELS])
def test_a_format_gets_its_verdict(what: str, name: str, data: bytes) -> None:
    expected = SafetyStatus.NOT_SCANNED if what in UNREADABLE else EXPECTED.get(what, SafetyStatus.DANGEROUS)
    assert status(data, name) is expected
    assert status(zipped(data, f"m/{name}"), "content.zip") is expected


def test_what_is_not_scanned_has_a_path_and_a_reason() -> None:
    assert reasons(scan(models.encrypted(), "m.zip")) == {"model.pkl": "encrypted"}
    assert reasons(scan(tarred(b"\x7fELF" + bytes(99), "a/b.so"))) == {"a/b.so": "a compiled program or library (ELF)"}


@pytest.mark.parametrize(
    "template",
    [
        "{{ x['__cl' + 'ass__'] }}",
        "{{ x|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
        "{% set y = cycler.__init__.__globals__ %}",
        "{{ namespace.__init__",
        "{{ lipsum['__globals__']['os'].popen('echo').read() }}",
        "{% if self._TemplateReference__context.cycler.__init__ %}x{% endif %}",
    ],
)
def test_a_template_that_reaches_into_python_is_dangerous(template: str) -> None:
    for name, data in (
        ("m.gguf", models.gguf(template)),
        ("chat_template.jinja", template.encode()),
        ("tokenizer_config.json", json.dumps({"chat_template": [{"name": "x", "template": template}]}).encode()),
        ("tokenizer_config.json", b"\xef\xbb\xbf" + json.dumps({"chat_template": template}).encode()),
    ):
        assert status(data, name) is SafetyStatus.DANGEROUS, name


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages[loop.index0 - 1]['role'] }}{{ messages[ns.index + 1].content }}{{ messages[-1]['content'] }}",
        "{{ messages[(messages|length - 1) - loop.index0] }}{{ messages[:-1]|length }}{{ tools[tool.name] }}",
        "{% macro show(x) %}{{ x }}{% endmacro %}{{ show(messages[0]) }}{{ ['a' ~ 'b', 'c' + role]|join(',') }}",
        "{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|list }}{{ tools|tojson }}",
        "{% set ns = namespace(found=false) %}{% for key, value in args|items %}{{ args[key] }}{% break %}{% endfor %}",
        "{% generation %}{{ message['content'].split('</think>')[-1].lstrip('\n') }}{% endgeneration %}",
        "{{ raise_exception('x') }}{{ strftime_now('%d %b %Y') }}{{ dict(a=1)['a'] }}",
    ],
)
def test_an_ordinary_template_is_clean(template: str) -> None:
    assert status(template.encode(), "chat_template.jinja") is SafetyStatus.CLEAN


def test_underscores_outside_of_code_are_text() -> None:
    assert status(b"__class__ {{ '<|start|>' ~ role }}", "chat_template.jinja") is SafetyStatus.CLEAN


def test_keys_in_escapes_are_keys() -> None:
    assert status(b'{"auto\\u005fmap": {"AutoModel": "a.B"}}', "config.json") is SafetyStatus.SUSPICIOUS
    large = b'{"x": "' + b"y" * 2 * MIB + b'", "auto\\u005fmap": {"AutoModel": "a.B"}}'
    assert status(large, "config.json") is SafetyStatus.SUSPICIOUS


def test_a_model_config_that_cannot_be_read_is_not_scanned() -> None:
    assert status(models.hdf5(b'{"class_name": "Sequential", "config": {'), "m.h5") is SafetyStatus.NOT_SCANNED


def test_a_lambda_in_a_config_that_is_cut_is_found() -> None:
    data = models.hdf5(b'{"class_name": "Sequential", "layers": [{"class_name": "Lambda", "function_type": "lambda"')
    assert status(data, "m.h5") is SafetyStatus.DANGEROUS


@pytest.mark.parametrize(
    "place", ["C:\\weights", "~/.ssh/id", "file:///etc/passwd", "a/../../b", "..", "\\\\host\\share"]
)
def test_onnx_data_elsewhere_is_dangerous(place: str) -> None:
    assert status(models.onnx(place), "m.onnx") is SafetyStatus.DANGEROUS


def test_a_padded_length_hides_no_operation() -> None:
    plain = models.saved_model("ReadFile")
    padded = plain.replace(b"\x12\x08ReadFile", b"\x12\x88\x80\x00ReadFile")
    assert status(padded, "saved_model.pb") is SafetyStatus.DANGEROUS


@pytest.mark.parametrize(
    "header", [b"{", b'{"w": {}}', b'{"w": {"data_offsets": [0, 4]}}', b'{"w": {"data_offsets": [4, 8]}}']
)
def test_safetensors_that_do_not_fill_the_file_are_not_scanned(header: bytes) -> None:
    assert status(struct.pack("<Q", len(header)) + header + bytes(8), "m.safetensors") is SafetyStatus.NOT_SCANNED


def test_an_array_of_objects_without_a_pickle_is_not_scanned() -> None:
    assert status(npy(b"\x00\x01\x02"), "a.npy") is SafetyStatus.NOT_SCANNED
    assert status(npy(bytes(8), dtype="'<f8'"), "a.npy") is SafetyStatus.CLEAN


LIMITS = ScanLimits(file_bytes=4096, total_bytes=64 * 1024, files=20)


def test_a_file_over_the_limit_is_not_scanned_and_its_beginning_is() -> None:
    assert set(reasons(scan(zipped(bytes(5000), "a.bin"), "m.zip", LIMITS)).values()) == {"larger than 0 MiB"}
    large = SIMPLE + bytes(5000)
    for report in (scan(large, "m.pkl", LIMITS), scan(zipped(zipped(large, "a.pkl"), "b.zip"), "m.zip", LIMITS)):
        assert report.not_scanned
    assert "dangerous: calls os.system" in details(scan(large, "m.pkl", LIMITS))


def test_too_many_files_and_too_many_bytes_end_the_scan() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.pkl", SIMPLE)
        for number in range(1, 30):
            archive.writestr(f"{number}.txt", bytes(4000))
    report = scan(file.getvalue(), "m.zip", LIMITS)
    assert "dangerous: calls os.system" in details(report)
    assert "not read to its end" in reasons(report)["m.zip"]


def test_an_archive_as_content_may_be_larger_than_a_file_may() -> None:
    data = zipped(SIMPLE) + bytes(5000)
    assert "dangerous: calls os.system" in details(scan(data, "m.zip", LIMITS))


def test_too_many_opcodes_are_not_scanned_and_findings_stay() -> None:
    limits = ScanLimits(opcodes=1000)
    report = scan(SIMPLE[:-1] + b"0" + b"N0" * 1000 + b"N.", "m.pkl", limits)
    assert "dangerous: calls os.system" in details(report)
    assert "over the limit of opcodes" in reasons(report)["m.pkl"]
    assert status(b"N0" * 1000 + b"N.", "m.pkl") is SafetyStatus.CLEAN


@pytest.mark.parametrize("name", ["../a.pkl", "/a.pkl", "C:/a.pkl", "a\nb.pkl", "a" * 2000])
def test_an_odd_name_is_reported_and_the_file_is_read(name: str) -> None:
    report = scan(zipped(SIMPLE, name), "m.zip")
    assert "dangerous: calls os.system" in details(report)
    assert len(report.not_scanned) == 1
    assert all(path.isprintable() for path in reasons(report))


def test_a_narrow_space_in_a_name_is_ordinary() -> None:
    report = scan(zipped(b"text", "Screenshot 10.00\u202fAM.png"), "m.zip")
    assert not report.not_scanned
    assert "Screenshot 10.00\u202fAM.png" in report.scanned


def test_findings_are_bounded_and_dangerous_ones_stay() -> None:
    many = b"".join(b"cacme\nf%d\n)R0" % number for number in range(500)) + SIMPLE[2:]
    report = scan(many, "m.pkl", ScanLimits(findings=50))
    assert len(report.findings) == 50
    assert "dangerous: calls os.system" in details(report)
