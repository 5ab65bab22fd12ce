"""`liveconfig` on Kubernetes manifests: what is a config there, and what is refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import msgspec
import pytest

from tests.support.ran import Ran, write

pytestmark = pytest.mark.usefixtures("directory")

_HERE = f"--schema={__name__}:Shop"


class Shop(msgspec.Struct, frozen=True):
    """A config for tests."""

    message: str = ""
    port: int = 80
    region: str = ""


class Versioned(msgspec.Struct, frozen=True):
    """A config that looks like a Kubernetes object."""

    apiVersion: str  # noqa: N815
    kind: str


def _object(data: str, kind: str = "ConfigMap", name: str = "shop") -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n{data}"


_GOOD = _object("data:\n  config.yaml: |\n    message: hi\n")
_PORT = """\
apiVersion: example.com/v1
kind: Port
metadata: {name: shop}
spec:
  levels:
    8080: {mode: STRICT}
  odd: !tag [.nan, 1e999]
  odd: twice
"""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{_GOOD}---\n{_PORT}",
        f"{_PORT}--- # next\n{_GOOD}...\n",
        f"# head\n---\n---\n{_PORT}\n---\r\n{_GOOD}---\n# only a comment\n---",
        f"%YAML 1.1\n---\n{_GOOD}---\n{_PORT}",
    ],
)
def test_documents_of_other_kinds_are_skipped(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """What no config could hold is no obstacle beside a ConfigMap, and is named."""
    ran = Ran(capsys, "check", _HERE, write("m.yaml", text))
    assert ran.status == 0
    assert ran.out.startswith("m.yaml: config.yaml: ok, sha256:")
    assert ran.err == (
        "m.yaml: skipped: 1 Port: only ConfigMaps and Secrets hold configs\n"
    )


@pytest.mark.parametrize(
    "text", [_PORT, f"{_PORT}---\n{_PORT}", "apiVersion: v1\nkind: Pod\n"]
)
def test_what_holds_no_config_is_never_ok(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Other kinds alone are skipped, and then nothing was checked at all."""
    path = write("m.yaml", text)
    ran = Ran(capsys, "check", _HERE, path)
    assert (ran.status, ran.out) == (1, "")
    assert "m.yaml: skipped: " in ran.err
    assert "so nothing was checked" in ran.err
    for command in ("digest", "show"):
        ran = Ran(capsys, command, _HERE, path)
        assert (ran.status, ran.out) == (1, "")
        assert "so nothing was checked" in ran.err
    ran = Ran(capsys, "check", _HERE, path, write("c.yaml", "port: 1\n"))
    assert (ran.status, ran.out.count(": ok, ")) == (0, 1)


def test_config_that_looks_like_an_object_is_one_by_its_schema(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whose schema knows `apiVersion` has its file checked as a config."""
    path = write("c.yaml", "apiVersion: shop/v1\nkind: Shop\n")
    ran = Ran(capsys, "check", f"--schema={__name__}:Versioned", path)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("c.yaml: ok, sha256:")


def test_place_in_any_document_is_the_one_of_the_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Lines are counted from the top of the file, whichever document is wrong."""
    bad = _object("data:\n  config.yaml: |\n    port: x\n")
    ran = Ran(capsys, "check", _HERE, write("m.yaml", f"{_PORT}---\n{bad}"))
    assert ran.status == 1
    assert ran.err.startswith("m.yaml:15:5: port: expected a whole number")


@pytest.mark.parametrize("header", ["|", "|2", "|-2", "|2+", "|4"])
def test_column_in_a_text_of_known_indent_is_an_editors(
    capsys: pytest.CaptureFixture[str], header: str
) -> None:
    """Where the header says how far the text is indented, more is part of the text."""
    text = {"|": "    port: [\n", "|4": "      port: [\n"}.get(
        header, "      message: hi\n      port: [\n"
    )
    manifest = _object(f"data:\n  config.yaml: {header}\n{text}")
    ran = Ran(capsys, "check", _HERE, write("m.yaml", manifest))
    lines = manifest.split("\n")
    line = next(n for n, line in enumerate(lines, 1) if "port" in line)
    assert ran.err.startswith(f"m.yaml:{line}:{lines[line - 1].index('[') + 1}: ")


def test_config_map_that_cannot_be_read_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A ConfigMap with a mistake is no document to skip."""
    bad = _object("data:\n  a.yaml: x\n  a.yaml: y\n")
    ran = Ran(capsys, "check", _HERE, write("m.yaml", f"{_PORT}---\n{bad}"))
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith('m.yaml:15:3: data."a.yaml": this key is here twice')


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ("stringData:\n  a.yaml: |\n    port: hunter2\n", "6:5"),
        (f"data:\n  a.yaml: {_base64('port: hunter2')}\n", "5:3"),
        (f"data:\n  a.yaml: |\n    {_base64('port: hunter2')}\n", "5:3"),
        (
            f"data:\n  a.yaml: {_base64('port: 1')}\n"
            "stringData:\n  a.yaml: |\n    port: hunter2\n",
            "8:5",
        ),
    ],
)
def test_secret_is_checked_and_its_text_is_never_shown(
    capsys: pytest.CaptureFixture[str], fields: str, place: str
) -> None:
    """A Secret's files are configs, in base64 or not; `stringData` wins."""
    path = write("s.yaml", _object(fields, "Secret"))
    ran = Ran(capsys, "check", _HERE, path)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"s.yaml:{place}: port: expected a whole number")
    assert "hunter2" not in ran.err


@pytest.mark.parametrize(
    "fields",
    [
        "stringData:\n  a.yaml: |\n    hunter2: 1\n    hunter2: 2\n",
        "stringData:\n  a.yaml:\n    hunter2: 1\n    hunter2: 2\n",
        "stringData:\n  a.yaml:\n    hunter2: [x\n",
        "stringData:\n  a.yaml: [hunter2]\n",
        "data:\n  a.yaml: hunter2\n",
        "data:\n  a.yaml: {hunter2: x}\n",
    ],
)
def test_no_mistake_shows_the_text_of_a_secret(
    capsys: pytest.CaptureFixture[str], fields: str
) -> None:
    """What became a key by mistake is not shown as one, with a schema or without."""
    secret = write("s.yaml", _object(fields, "Secret"))
    text = f"apiVersion: v1\nkind: List\nitems:\n- {_object(fields, 'Secret')}"
    listed = write("l.yaml", text.replace("\n", "\n  ").replace("\n  items", "\nitems"))
    for path in (secret, listed):
        for options in ([], [_HERE]):
            ran = Ran(capsys, "check", *options, path)
            assert (ran.status, ran.out) == (1, "")
            assert f"{path}:" in ran.err
            assert "hunter2" not in ran.err


@pytest.mark.parametrize(
    "fields",
    [
        "data:\n  b.yaml: aTogMQpwb3J0OiBbOAo=\n",
        'stringData:\n  b.yaml: "i: 1\\nport: [8\\n"\n',
    ],
)
def test_mistake_in_lines_that_the_manifest_has_not_is_told_by_them(
    capsys: pytest.CaptureFixture[str], fields: str
) -> None:
    """In base64 or quotes the place is that of the key, so the line is told as well."""
    ran = Ran(capsys, "check", _HERE, write("s.yaml", _object(fields, "Secret")))
    assert ran.err.startswith("s.yaml:5:3: ")
    assert ran.err.endswith(
        "a bracket is opened here and not closed (line 2 of b.yaml)\n"
    )
    literal = "stringData:\n  b.yaml: |\n    i: 1\n    port: [8\n"
    ran = Ran(capsys, "check", _HERE, write("s.yaml", _object(literal, "Secret")))
    assert ran.err.startswith("s.yaml:7:11: ")
    assert ran.err.endswith("a bracket is opened here and not closed\n")


def test_text_of_a_secret_is_masked_by_show(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever a Secret says is secret, also where the schema does not know that."""
    secret = _object("stringData:\n  b.yaml: |\n    message: hunter2\n", "Secret", "s")
    open_ = _object("data:\n  a.yaml: |\n    message: hi\n    region: eu\n")
    path = write("m.yaml", f"{secret}---\n{open_}")
    ran = Ran(capsys, "show", _HERE, "--merged", path)
    shown = {"message": "********", "port": 80, "region": "eu"}
    assert (ran.status, json.loads(ran.out)) == (0, shown)
    ran = Ran(capsys, "show", _HERE, write("s.yaml", secret))
    assert json.loads(ran.out) == {"message": "********", "port": 80, "region": ""}


def test_binary_data_may_be_spread_over_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The ends of lines are passed over as Kubernetes does; blanks are refused."""
    text = _base64("message: hello\nport: 8080\n")
    lines = "".join(f"    {text[i : i + 12]}\n" for i in range(0, len(text), 12))
    path = write("m.yaml", _object(f"binaryData:\n  a.yaml: |\n{lines}"))
    assert Ran(capsys, "check", _HERE, path).status == 0
    path = write("m.yaml", _object(f"binaryData:\n  a.yaml: >\n{lines}"))
    ran = Ran(capsys, "check", _HERE, path)
    assert ran.status == 1
    assert ran.err.startswith(
        'm.yaml:5:3: binaryData."a.yaml": Kubernetes takes base64'
    )
    assert "folded text (>)" in ran.err


def test_key_is_chosen_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    """With --key any key is a config, and no other is; it has to be there."""
    text = _object("data:\n  shop.conf: 'port: x'\n  a.yaml: 'port: 1'\n")
    path = write("m.yaml", text)
    ran = Ran(capsys, "check", _HERE, "--key=shop.conf", path)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("m.yaml:5:3: port: expected a whole number")
    ran = Ran(capsys, "check", _HERE, "--key=a.yaml", "--key=b.yaml", path)
    assert ran.status == 1
    assert ran.err.startswith("m.yaml: b.yaml: no ConfigMap or Secret here has this")
    assert ran.out.startswith("m.yaml: a.yaml: ok")
    ran = Ran(capsys, "check", _HERE, "--key=a", write("c.yaml", "port: 1\n"))
    assert ran.err == (
        "c.yaml: --key takes a key of a Kubernetes manifest, and this is none\n"
    )


_ITEMS = """\
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      volumes:
      - name: config
        projected:
          sources:
          - configMap: {name: shop, items: [{key: settings, path: config.yaml}]}
          - secret: {name: keys}
      - name: other
        secret: {secretName: other, items: [{key: b, path: b.json}]}
"""


def test_volume_gives_keys_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    """What `items` call a file decides; a key that they leave out nobody reads."""
    documents = [
        _ITEMS,
        _object("data:\n  settings: 'port: 1'\n  lost.yaml: 'port: 2'\n"),
        _object("stringData: {keys.yaml: 'port: 3'}\n", "Secret", "keys"),
        _object("stringData: {b: '{\"port\": 4}'}\n", "Secret", "other"),
    ]
    path = write("m.yaml", "---\n".join(documents))
    ran = Ran(capsys, "check", _HERE, path)
    names = [line.split(": ok")[0] for line in ran.out.splitlines()]
    assert names == ["m.yaml: config.yaml", "m.yaml: keys.yaml", "m.yaml: b.json"]
    lost = 'm.yaml:20:3: data."lost.yaml": no volume takes this key'
    assert (ran.status, ran.err.startswith(f"warning: {lost}")) == (0, True)
    assert Ran(capsys, "check", _HERE, "--strict", path).status == 1


def test_key_that_no_config_is_named_like_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A key that the service would not read for its name is said to be skipped."""
    data = "".join(f"  {name}: 'port: x'\n" for name in (".c.yaml", "c.yaml.bak", "c"))
    path = write("m.yaml", _object(f"data:\n  c.yaml: 'port: 1'\n{data}"))
    ran = Ran(capsys, "check", _HERE, path)
    assert ran.status == 0
    assert ran.err == (
        "m.yaml: skipped: .c.yaml, c.yaml.bak, c of ConfigMap shop: a config is called "
        "*.yaml, *.yml, *.json, and not .*\n"
    )


def test_layers_are_judged_together(capsys: pytest.CaptureFixture[str]) -> None:
    """With --merged all keys are one directory's files, in the order of their names."""
    over = _object("data:\n  20.yaml: |\n    message: over\n", name="over")
    base = _object("data:\n  10.yaml: |\n    message: base\n    port: 1\n", name="base")
    path = write("m.yaml", f"{over}---\n{base}")
    Path("d").mkdir()
    write("d/10.yaml", "message: base\nport: 1\n")
    write("d/20.yaml", "message: over\n")
    alike = Ran(capsys, "digest", _HERE, "d").out
    assert Ran(capsys, "digest", _HERE, "--merged", path).out == alike
    ran = Ran(capsys, "check", _HERE, "--merged", write("o.yaml", over), "d/10.yaml")
    assert ran.out == f"o.yaml + d/10.yaml: ok, {alike}"
    bad = write("b.yaml", base.replace("port: 1", "port: x"))
    ran = Ran(capsys, "check", _HERE, "--merged", bad, "o.yaml")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("b.yaml:7:5: port: expected a whole number")
    ran = Ran(capsys, "check", _HERE, "--merged", path, "o.yaml")
    assert ran.status == 1
    assert ran.err.startswith("o.yaml:5:3: 20.yaml: two files have this name")


def test_layers_are_judged_together_and_what_is_skipped_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is no layer, and what is odd about one, is told with --merged as well."""
    path = write("m.yaml", f"{_PORT}---\nport: 1\n---\n{_GOOD}immutable: true\n")
    ran = Ran(capsys, "check", _HERE, "--merged", path)
    assert (ran.status, ran.out.startswith("m.yaml: ok, sha256:")) == (0, True)
    assert "m.yaml: skipped: 1 Port, 1 document without a kind: only" in ran.err
    assert "warning: m.yaml:18:1: immutable: " in ran.err
    assert Ran(capsys, "check", _HERE, "--merged", "--strict", path).status == 1


def test_files_of_the_same_name_are_told_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of several objects with a file of one name each is named."""
    again = _object("stringData:\n  config.yaml: 'port: 1'\n", "Secret", "keys")
    ran = Ran(capsys, "check", _HERE, write("m.yaml", f"{_GOOD}---\n{again}"))
    names = [line.split(": ok")[0] for line in ran.out.splitlines()]
    assert names == [
        "m.yaml: ConfigMap shop: config.yaml",
        "m.yaml: Secret keys: config.yaml",
    ]


def test_folder_of_manifests_is_no_config(capsys: pytest.CaptureFixture[str]) -> None:
    """Each manifest in it is judged by itself; a folder of layers is one config."""
    Path("kube").mkdir()
    write("kube/a.yaml", _GOOD)
    write("kube/b.yaml", _object("data:\n  b.yaml: |\n    port: x\n"))
    write("kube/c.yaml", _PORT)
    ran = Ran(capsys, "check", _HERE, "kube")
    assert ran.status == 1
    assert ran.out.startswith("kube/a.yaml: config.yaml: ok, sha256:")
    assert ran.err.startswith("kube/b.yaml:6:5: port: expected a whole number")
    assert "kube: skipped: 1 Port: " in ran.err


def test_lists_of_objects_are_looked_into(capsys: pytest.CaptureFixture[str]) -> None:
    """What kubectl prints of several objects is a list, of one kind or many."""
    items = [
        {"kind": "Service"},
        {"kind": "Secret", "stringData": {"a.yaml": "port: 1"}},
        {"kind": "ConfigMapList", "items": [{"data": {"b.yaml": "port: x"}}]},
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)
    for name in ("m.json", "m.yaml"):
        ran = Ran(capsys, "check", _HERE, write(name, text))
        assert ran.status == 1
        assert ran.out.startswith(f"{name}: a.yaml: ok, sha256:")
        assert ran.err.startswith(f"{name}:19:7: port: expected a whole number")
        assert f"{name}: skipped: 1 Service: " in ran.err


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("data: {a.yaml: 1}\n", '4:8: data."a.yaml": Kubernetes takes only text here'),
        ("data: {a.yaml: 'port: 1', n: yes}\n", "4:27: data.n: Kubernetes takes only"),
        ("data: {a.yaml: 'port: 1', n: }\n", "4:27: data.n: Kubernetes takes only te"),
        (
            "data: {a.yaml: 'port: 1', 'b c': x}\n",
            'data."b c": Kubernetes takes only l',
        ),
        ("data: {a.yaml: 'port: 1', ..x: x}\n", 'data."..x": Kubernetes takes no name'),
        (f"data: {{a.yaml: 'port: 1', {'b' * 254}: x}}\n", "names of 253 characters"),
        (
            "data: {a.yaml: 'port: 1'}\nbinaryData: {a.yaml: cG9ydDogMQ==}\n",
            '5:14: binaryData."a.yaml": data has this key as well',
        ),
        (
            f"data:\n  a.yaml: 'port: 1'\n  b: {'x' * 1024**2}\n",
            "its values have 1048583 bytes, and Kubernetes takes 1048576",
        ),
    ],
)
def test_what_kubernetes_refuses_is_bad(
    capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    """A config is not good in an object that the API server does not take."""
    ran = Ran(capsys, "check", _HERE, write("m.yaml", _object(text)))
    assert (ran.status, ran.out) == (1, "")
    assert problem in ran.err
    assert ran.err.count("\n") == 1 + ran.err.count("skipped")


def test_largest_that_kubernetes_takes_is_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Values of a mebibyte are a ConfigMap still, in bytes and not in base64."""
    text = "message: " + "x" * (1024**2 - 9)
    path = write("m.yaml", _object(f"binaryData:\n  a.yaml: {_base64(text)}\n"))
    ran = Ran(capsys, "check", _HERE, path)
    assert (ran.status, ran.out.count(": ok, ")) == (0, 1)


def test_frozen_object_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """`immutable: true` is taken, and few know what it means for the next change."""
    path = write("m.yaml", f"{_GOOD}immutable: true\n")
    ran = Ran(capsys, "check", _HERE, path)
    assert (ran.status, ran.out.count(": ok, ")) == (0, 1)
    assert ran.err.startswith(
        "warning: m.yaml:7:1: immutable: no change of it is taken"
    )
    assert Ran(capsys, "check", _HERE, "--strict", path).status == 1
    path = write("m.yaml", f"{_GOOD}immutable: false\n")
    assert Ran(capsys, "check", _HERE, path).err == ""


@pytest.mark.parametrize(("length", "is_too_long"), [(261_000, False), (263_000, True)])
def test_object_that_a_plain_apply_cannot_keep_is_a_warning(
    capsys: pytest.CaptureFixture[str], length: int, is_too_long: bool
) -> None:
    """kubectl's copy of the object has to fit into an annotation."""
    data = f"data:\n  a.yaml: |\n    message: {'x' * length}\n"
    ran = Ran(capsys, "check", _HERE, write("m.yaml", _object(data)))
    assert ran.status == 0
    assert ("give it --server-side" in ran.err) == is_too_long
