"""`liveconfig`: what it prints, and its exit status."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import msgspec
import pytest

from liveconfig.command import cli
from liveconfig.schema.schema import MASK, Secret
from tests.support.ran import Ran, write

pytestmark = pytest.mark.usefixtures("directory")

_HERE = f"--schema={__name__}:Shop"


class Shop(msgspec.Struct, frozen=True):
    """A config for tests."""

    message: str
    port: int = 80
    key: Secret = msgspec.field(default_factory=lambda: Secret("none"))


_MANIFEST = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: shop
data:
  config.yaml: |
    # what the shop says
    message: Hello
    port: {port}
  notes.txt: "[no config"
---
apiVersion: apps/v1
kind: Deployment
"""


def test_check_of_a_good_file_says_ok_and_its_digest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A good config is one line on stdout, and status 0."""
    ran = Ran(capsys, "check", _HERE, write("c.yaml", "message: Hello\n"))
    assert ran.status == 0
    assert ran.out.startswith("c.yaml: ok, sha256:")
    assert ran.err == ""


def test_check_of_a_bad_file_says_where_and_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A bad config is one line on stderr, and status 1; good ones are still named."""
    bad = write("bad.yaml", "message: Hello\nport: x\n")
    good = write("good.yaml", "message: Hello\n")
    ran = Ran(capsys, "check", _HERE, bad, good)
    assert ran.status == 1
    assert ran.err == "bad.yaml:2:1: port: expected a whole number, found text\n"
    assert ran.out.startswith("good.yaml: ok")


def test_check_goes_on_after_a_missing_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A path that is not there is bad, and the others are checked all the same."""
    ran = Ran(capsys, "check", _HERE, "none", write("c.yaml", "message: a\n"))
    assert ran.status == 1
    assert ran.err.startswith("none: no such file or directory")
    assert "c.yaml: ok" in ran.out


def test_unknown_key_is_a_warning_and_bad_when_strict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A key the schema does not know is told with its place, and fails --strict."""
    path = write("c.yaml", "message: a\nprot: 1\n")
    line = (
        f"c.yaml:2:1: {MASK}: the schema does not know this key: check the spelling\n"
    )
    ran = Ran(capsys, "check", _HERE, path)
    assert (ran.status, ran.err) == (0, f"warning: {line}")
    ran = Ran(capsys, "check", _HERE, "--strict", path)
    assert (ran.status, ran.err, ran.out) == (1, line, "")


def test_check_of_a_directory_checks_the_merged_config(
    capsys: pytest.CaptureFixture[str], directory: Path
) -> None:
    """The files of a directory are one config."""
    (directory / "d").mkdir()
    write("d/a.yaml", "port: 1\n")
    write("d/b.yaml", "message: a\n")
    assert Ran(capsys, "check", _HERE, "d").status == 0
    write("d/c.json", '{"port":\n "x"}')
    ran = Ran(capsys, "check", _HERE, "d")
    assert ran.err.startswith("d/c.json:1:2: port: expected a whole number")


def test_check_of_a_manifest_checks_each_file_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A ConfigMap's config files are checked; its notes and other kinds are not."""
    path = write("cm.yaml", _MANIFEST.format(port=1))
    ran = Ran(capsys, "check", _HERE, path)
    assert ran.status == 0
    assert ran.out.startswith("cm.yaml: config.yaml: ok, sha256:")
    assert ran.out.count("\n") == 1


def test_error_in_a_manifest_names_the_line_of_the_manifest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The place is where the author's cursor must go, not one inside the text."""
    path = write("cm.yaml", _MANIFEST.format(port="x"))
    ran = Ran(capsys, "check", _HERE, path)
    assert ran.status == 1
    assert ran.err.startswith("cm.yaml:9:5: port: expected a whole number")


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ('  c.yaml: "message: 1"\n', "5:3"),
        ("  c.yaml: >\n    message: 1\n", "5:3"),
        ("  c.yaml: |-\n\n      message: a\n      port: x\n", "8:7"),
        ("  c.yaml: |2\n    message: 1\n", "6:5"),
        ('  c.json: |\n    {"message":\n     1}\n', "6:6"),
        ("  c.yaml: |\n    port: 1\n", "6:5"),
        ("  c.yaml: |\n", "5:3"),
    ],
)
def test_error_in_any_style_of_text_is_placed(
    capsys: pytest.CaptureFixture[str], data: str, place: str
) -> None:
    """In a literal text the line is exact; in any other it is that of the key."""
    text = f"# head\napiVersion: v1\nkind: ConfigMap\ndata:\n{data}"
    ran = Ran(capsys, "check", _HERE, write("cm.yaml", text))
    assert ran.status == 1
    assert ran.err.startswith(f"cm.yaml:{place}: ")


@pytest.mark.parametrize("end", ["\r", "\r\n", "\x85", "\u2028", "\u2029"])
def test_error_after_any_end_of_a_line_is_placed(
    capsys: pytest.CaptureFixture[str], end: str
) -> None:
    """Lines are counted as YAML counts them, in the manifest as in the file."""
    text = _MANIFEST.format(port="x").replace("\n", end)
    Path("cm.yaml").write_bytes(text.encode())
    ran = Ran(capsys, "check", _HERE, "cm.yaml")
    assert ran.err.startswith("cm.yaml:9:5: port: expected a whole number")


def test_error_in_a_json_manifest_is_placed_at_its_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A text in JSON has one line, whatever it holds."""
    data = '{"a.yaml": "message: |\u2028"}'
    text = f'{{"apiVersion": "v1", "kind": "ConfigMap",\n"data": {data}}}'
    Path("cm.json").write_bytes(text.replace("|", "[ |").encode())
    ran = Ran(capsys, "check", _HERE, "cm.json")
    assert ran.err.startswith("cm.json:2:10: ")


def test_list_and_json_manifests_are_checked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What `kubectl get configmap -o json` prints can be checked as it is."""
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "data": {"a.yaml": "message: a"},
        "binaryData": {"b.yaml": base64.b64encode(b"message: 1").decode()},
    }
    whole = {"apiVersion": "v1", "kind": "List", "items": [config_map]}
    ran = Ran(capsys, "check", _HERE, write("cm.json", json.dumps(whole)))
    assert ran.status == 1
    assert ran.out.startswith("cm.json: a.yaml: ok")
    assert "message: expected text, found a whole number" in ran.err


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("", "data: no key ends in .yaml, .yml, .json"),
        ("data: {a.txt: x}\n", "data: no key ends in .yaml, .yml, .json"),
        ("data: [a]\n", "cm.yaml:3:1: data: Kubernetes takes keys with texts here"),
        ("data: {a.yaml: {message: a}}\n", 'data."a.yaml": Kubernetes takes only text'),
        ("binaryData: {a.yaml: '***'}\n", 'binaryData."a.yaml": '),
        ("binaryData: {a.yaml: 'é'}\n", 'binaryData."a.yaml": '),
        ("data: {../a.yaml: 'message: a'}\n", "takes only letters, figures"),
        ('data: {"a\\n.yaml": "message: a"}\n', r'data."a\n.yaml": Kubernetes takes'),
    ],
)
def test_config_map_that_kubernetes_would_refuse_is_bad(
    capsys: pytest.CaptureFixture[str], data: str, problem: str
) -> None:
    """A ConfigMap without a config, or with what is no text, is told in a sentence."""
    text = f"apiVersion: v1\nkind: ConfigMap\n{data}"
    ran = Ran(capsys, "check", _HERE, write("cm.yaml", text))
    assert ran.status == 1
    assert problem in ran.err


def test_digest_is_the_same_for_file_and_manifest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What will be rolled out can be compared with what is served."""
    write("c.yaml", "port: 1\nmessage: Hello\n")
    write("cm.yaml", _MANIFEST.format(port=1))
    of_file = Ran(capsys, "digest", _HERE, "c.yaml")
    of_manifest = Ran(capsys, "digest", _HERE, "cm.yaml")
    assert of_file.status == 0
    assert of_file.out == of_manifest.out
    assert of_file.out.startswith("sha256:")
    assert len(of_file.out.strip()) == len("sha256:") + 64


def test_digest_of_several_configs_names_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A manifest with two configs has a line for each."""
    text = _MANIFEST.format(port=1).replace("notes.txt: ", "b.yaml: 'message: b' # ")
    ran = Ran(capsys, "digest", _HERE, write("cm.yaml", text))
    names = [line.split("  ")[1] for line in ran.out.splitlines()]
    assert names == ["cm.yaml: config.yaml", "cm.yaml: b.yaml"]


def test_digest_of_a_bad_config_is_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """There is no digest of what no pod would serve."""
    ran = Ran(capsys, "digest", _HERE, write("c.yaml", "message: [\n"))
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("c.yaml:1:10: ")


def test_show_prints_the_effective_config_with_secrets_masked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Defaults are filled in, and no secret is shown."""
    ran = Ran(capsys, "show", _HERE, write("c.yaml", "message: Grüße\nkey: hunter2\n"))
    assert ran.status == 0
    shown = json.loads(ran.out)
    assert shown == {"message": "Grüße", "port": 80, "key": "********"}
    assert "Grüße" in ran.out


def test_schema_prints_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON Schema names the keys."""
    ran = Ran(capsys, "schema", _HERE)
    assert ran.status == 0
    assert "message" in json.dumps(json.loads(ran.out))


def test_strict_schema_allows_no_other_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --strict the schema refuses the keys on which `check --strict` fails."""
    for arguments, allowed in ((["--strict"], False), ([], None)):
        printed = json.loads(Ran(capsys, "schema", _HERE, *arguments).out)
        assert printed["$defs"]["Shop"].get("additionalProperties") is allowed
        assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_path_and_schema_come_from_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pod the commands need no arguments."""
    monkeypatch.setenv("LIVECONFIG_PATH", write("mounted.yaml", "message: a\n"))
    monkeypatch.setenv("LIVECONFIG_SCHEMA", f"{__name__}:Shop")
    assert Ran(capsys, "check").out.startswith("mounted.yaml: ok")
    assert json.loads(Ran(capsys, "show").out)["message"] == "a"


def test_without_a_schema_it_says_what_is_not_checked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody takes a check of the syntax for more than it is."""
    ran = Ran(capsys, "check", write("c.yaml", "anything: [1]\n"))
    assert ran.status == 0
    assert ran.err == (
        "no --schema and no LIVECONFIG_SCHEMA: any keys pass, and the digest is not "
        "the one of a service that has a schema\n"
    )


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"LIVECONFIG_SCHEMA": "no_such_module:X"}, "no_such_module"),
        ({"LIVECONFIG_SETTLE_MS": "x"}, "LIVECONFIG_SETTLE_MS is 'x'"),
    ],
)
def test_wrong_settings_are_status_2(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    sentence: str,
) -> None:
    """What the operator set wrongly is one sentence, and no traceback."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    ran = Ran(capsys, "check", write("c.yaml", "message: a\n"))
    assert ran.status == 2
    assert ran.err.startswith("liveconfig: ")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["chekc"], ["check", "--stict"]])
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    """What the command line does not know ends with status 2, as argparse does."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
