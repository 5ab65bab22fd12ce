"""
The rules of the house that a machine can check.

Owns: the layers, the doors of foreign libraries, the banned calls with their reasons,
    the limits of size, and which texts must not be missing.
Must not know: what any module does.
Runs in: the test process; it reads the code and imports it in fresh interpreters only.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter

import pytest

from tests.support.source_code import (
    PACKAGE,
    ROOT,
    Function,
    Module,
    body_lines,
    public_names,
)

_SLEEPER = "tests/support/eventually.py"

_FUNCTION_LINES_MAX = 50
_MODULE_LINES_MAX = 400
# A test module mirrors one module, and is at most twice as long.
_TEST_LINES_MAX = 2 * _MODULE_LINES_MAX
_README_LINES_MAX = 200
_CHARTER = ("Owns:", "Must not know:", "Runs in:")

# A package, or a module beside the packages, imports from the rows above its own; "" is
# the package itself, with the public names. Inside a package imports make no circle.
_LAYERS = (
    ("errors", "sentences"),
    ("masking",),
    ("settings", "schema", "processes", "watch"),
    ("reading", "memory"),
    ("status", "trial"),
    ("worker", "publishing"),
    ("master",),
    ("gunicorn", "falcon", "wsgi"),
    ("operators", "command"),
    ("reference",),
    ("",),
)
_RANK = {name: rank for rank, names in enumerate(_LAYERS) for name in names}

# The library, and the modules that may import it; a name ending in a dot is a package.
_DOORS: dict[str, set[str]] = {
    "yaml": {"reading.yaml_text"},
    "pyinotify": {"watch.inotify"},
    "mmap": {"memory.record", "memory.worker_table"},
    "falcon": {"falcon", "operators.", "reference."},
    "gevent": {"processes.broadcast"},
    # Its own way from a connection to an application, for the ports that are apart.
    "gunicorn": {"worker.own_ports"},
    "prometheus_client": {"operators.metrics"},
    "jinja2": {"operators.templates"},
    "markupsafe": {"operators.templates"},
    "msgspec": {
        "masking.",
        "schema.",
        "memory.",
        "operators.",
        "reference.",
        "status.document",
    },
}

_WAITING = "the gunicorn master reaps every child and takes its status: use a pidfd"
# The thread of a callback ends with nothing that the callback raises: gevent's timeouts
# and asyncio's cancellations are no `Exception`.
_CATCHES_ALL = {"src/liveconfig/worker/subscription.py"}
# They look again at what notifies nobody: another thread's decode, a row of the shared
# table, the repair of a record, a service on another host.
_LOOK_AGAIN = {
    "command.cli",
    "command.waiting",
    "memory.worker_table",
    "worker.door",
    "worker.manager",
    "worker.turns",
}
# The public names and two libraries, each at its first use; what an application names;
# and the publisher, which is imported before its modules are looked for elsewhere.
_IMPORT_LATE = {
    "",
    "operators.admin",
    "operators.page",
    "publishing.start",
    "schema.schema",
}
# The fault matrix steps the clock by these two names.
_CLOCK = "what time it is comes from time.time or time.time_ns: tests step these"
_SWALLOWED = "it catches the end of the process too: name what can go wrong"

# What is called or imported, the modules that may, and why no other.
_BANNED: tuple[tuple[str, set[str], str], ...] = (
    ("struct.pack_into", set(), "it zeroes its target first, and readers see that"),
    ("multiprocessing", set(), "its children and segments leak into the workers"),
    ("subprocess.run", set(), _WAITING),
    ("subprocess.call", set(), _WAITING),
    ("subprocess.check_call", set(), _WAITING),
    ("subprocess.check_output", set(), _WAITING),
    ("subprocess.getoutput", set(), _WAITING),
    ("time.sleep", _LOOK_AGAIN, "it waits for nothing: wait for a descriptor"),
    (
        "importlib.import_module",
        _IMPORT_LATE,
        "no rule about imports sees it: import at the top of the module",
    ),
    ("time.localtime", set(), _CLOCK),
    ("time.gmtime", set(), _CLOCK),
    ("time.clock_gettime", set(), _CLOCK),
    ("time.clock_gettime_ns", set(), _CLOCK),
    ("datetime.datetime.now", set(), _CLOCK),
    ("datetime.datetime.utcnow", set(), _CLOCK),
    ("datetime.datetime.today", set(), _CLOCK),
    ("datetime.date.today", set(), _CLOCK),
    ("print", {"command.cli"}, "only the command line speaks to a terminal: log"),
    (
        "signal.signal",
        {"publishing.process", "master.guardian"},
        "the handlers belong to the application",
    ),
    ("eval", set(), "it runs what somebody wrote into a file"),
    ("exec", set(), "it runs what somebody wrote into a file"),
    ("os.system", set(), _WAITING),
    ("os.environ", {"settings"}, "settings is the only reader of the environment"),
    ("os.environb", {"settings"}, "settings is the only reader of the environment"),
    ("os.getenv", {"settings"}, "settings is the only reader of the environment"),
)


@cache
def _parsed(*folders: str) -> tuple[Module, ...]:
    paths = (path for name in folders for path in sorted((ROOT / name).rglob("*.py")))
    return tuple(Module(path) for path in paths)


def _package() -> tuple[Module, ...]:
    return _parsed("src")


def _tests() -> tuple[Module, ...]:
    return _parsed("tests")


def _everything() -> tuple[Module, ...]:
    return _parsed("benchmarks", "conf", "docs", "kube", "src", "tests")


def _assert_none(findings: Iterable[str]) -> None:
    found = sorted(set(findings))
    assert not found, "\n" + "\n".join(found)


def _layer(name: str) -> str:
    """Return the package, or the module beside the packages, that has this name."""
    return name.removeprefix(PACKAGE).lstrip(".").partition(".")[0]


def _imported_modules(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Yield the modules of the package that a module imports."""
    known = {each.name for each in _package()}
    for node, name in module.imports():
        if name == PACKAGE or name.startswith(f"{PACKAGE}."):
            yield node, name if name in known else name.rpartition(".")[0]


def _fresh(script: str, *arguments: str) -> object:
    """Run a script in a fresh interpreter and return the JSON it prints."""
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_module_has_a_charter() -> None:
    """Every module says what it owns, must not know and runs in."""
    _assert_none(
        module.at(module.tree, f"the module's docstring lacks {heading!r}")
        for module in _package()
        for heading in _CHARTER
        if f"\n{heading}" not in (ast.get_docstring(module.tree) or "")
    )


def test_every_package_has_its_layer() -> None:
    """The table of layers names every package, and nothing that is not there."""
    assert {_layer(module.name) for module in _package()} == set(_RANK)


def test_imports_go_down_only() -> None:
    """A package imports from the layers below its own, and never sideways."""
    _assert_none(
        module.at(node, f"{module.name} must not import {name}: it is not below")
        for module in _package()
        if module.name != PACKAGE
        for node, name in _imported_modules(module)
        if _layer(name) != _layer(module.name)
        and _RANK[_layer(name)] >= _RANK[_layer(module.name)]
    )


def test_imports_make_no_circle() -> None:
    """No module comes back to itself by way of what it imports."""
    graph = {
        module.name: {name for _, name in _imported_modules(module)}
        for module in _package()
        if module.name != PACKAGE
    }
    TopologicalSorter(graph).prepare()


def test_imports_are_absolute() -> None:
    """Every import is written with its full name, so that it can be searched for."""
    _assert_none(
        module.at(node, "write the import with its full name")
        for module in _everything()
        for node, name in module.imports()
        if name.startswith(".")
    )


def test_no_import_is_inside_a_function() -> None:
    """A function imports nothing: what a module needs stands at its top."""
    _assert_none(
        module.at(node, f"{function.name} imports: do it at the top of the module")
        for module in _everything()
        for function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    )


def test_every_library_has_one_door() -> None:
    """A foreign library is imported where the table says, and nowhere else."""
    _assert_none(
        module.at(node, f"{library} may only be imported in {sorted(doors) or 'none'}")
        for module in _package()
        for node, name in module.imports()
        for library, doors in _DOORS.items()
        if name.partition(".")[0] == library and not module.is_one_of(doors)
    )


def test_nothing_banned_is_used() -> None:
    """What failed elsewhere for a known reason is used only where it is right."""
    _assert_none(
        module.at(node, f"{banned} is banned here: {reason}")
        for module in _package()
        for node, name in module.uses()
        for banned, allowed, reason in _BANNED
        if f"{name}.".startswith(f"{banned}.") and not module.is_one_of(allowed)
    )


def test_no_child_is_waited_for() -> None:
    """A module that starts processes calls none of the methods that wait for one."""
    waiting = {"wait", "communicate"}
    _assert_none(
        module.at(node, f".{node.func.attr}() is banned here: {_WAITING}")
        for module in _package()
        if any(name.startswith("subprocess") for _, name in module.imports())
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in waiting
    )


def test_no_handler_catches_everything() -> None:
    """An `except` names what it catches, and never the end of the process."""
    _assert_none(
        module.at(node, _SWALLOWED)
        for module in _everything()
        if module.place not in _CATCHES_ALL
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or "BaseException" in ast.unparse(node.type))
    )


def test_functions_are_short() -> None:
    """A function fits on one screen, its docstring left aside."""
    _assert_none(
        module.at(function, f"{function.name} has {lines} lines: split it")
        for module in _everything()
        for function in module.functions()
        if (lines := body_lines(function)) > _FUNCTION_LINES_MAX
    )


def test_modules_are_short() -> None:
    """A module can be read in one go."""
    _assert_none(
        module.at(module.tree, f"the module has {lines} lines: split it")
        for module in _everything()
        if (lines := module.text.count("\n"))
        > (_TEST_LINES_MAX if module.is_test else _MODULE_LINES_MAX)
    )


def test_readme_is_short() -> None:
    """The README can be read in a few minutes; all else is a page of its own."""
    lines = (ROOT / "README.md").read_text().count("\n")
    assert lines <= _README_LINES_MAX


def test_every_public_name_has_a_docstring() -> None:
    """Every public function, class and method says what it does."""
    _assert_none(
        module.at(node, f"{node.name} has no docstring")
        for module in _package()
        for node in public_names(module.tree)
        if not ast.get_docstring(node)
    )


def test_every_test_states_a_claim() -> None:
    """Every test has a docstring: when it fails, that is what is no longer true."""
    _assert_none(
        module.at(function, f"{function.name} has no docstring")
        for module in _tests()
        for function in module.functions()
        if function.name.startswith("test_") and not ast.get_docstring(function)
    )


_WORDS_PAGE = ROOT / "docs" / "contribute" / "words.md"


def _unused_words() -> dict[str, str]:
    """Return the words that are not used, each with what stands in its place."""
    text = _WORDS_PAGE.read_text().partition("## Words that are not used")[2]
    rows = (
        line.strip("| ").split(" | ") for line in text.partition("##")[0].split("\n")
    )
    return {row[0]: row[1] for row in rows if len(row) == 2 and row[0] not in "not ---"}


def _read_by_people() -> Iterator[tuple[str, str]]:
    """Yield each file that keeps to the list: code, manifests and pages."""
    for module in (*_package(), *_parsed("benchmarks", "conf", "docs", "kube")):
        yield module.place, module.text
    patterns = ("*.md", "docs/**/*.md", "docs/*.yaml", "kube/**/*.yaml")
    for path in (each for pattern in patterns for each in ROOT.glob(pattern)):
        if path != _WORDS_PAGE:
            # The name of a test, or a line of the log, is quoted as it is.
            text = re.sub(r"`[^`\n]+`", "", path.read_text())
            yield path.relative_to(ROOT).as_posix(), text


def test_one_word_stands_for_one_thing() -> None:
    """No word is used that the list of words has another for."""
    unused = _unused_words()
    assert len(unused) >= 5
    _assert_none(
        f"{place}:{number}: not {word!r}, but {instead}"
        for place, text in _read_by_people()
        for number, line in enumerate(text.splitlines(), 1)
        for word, instead in unused.items()
        if re.search(rf"(?<![a-z]){word}(?![a-z])", line, re.IGNORECASE)
    )


_ACTING = {"log", "_log", "publish", "send", "kill", "sleep"}
# Of what an object holds.
_CHANGING = {"add", "append", "clear", "pop", "remove", "unregister", "update"}


def _acts(function: ast.AST) -> Iterator[ast.AST]:
    """Yield where a function logs, or stores what outlives the call."""
    for node in ast.walk(function):
        if isinstance(node, ast.Global):
            yield node
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            inner = (each for target in targets for each in ast.walk(target))
            if any(isinstance(each, ast.Attribute) for each in inner):
                yield node
        elif isinstance(node, ast.Call):
            *holder, name = ast.unparse(node.func).split(".")
            is_own = holder[:1] == ["self"] and len(holder) > 1
            if _ACTING & {*holder, name} or (is_own and name in _CHANGING):
                yield node


def test_predicates_do_not_act() -> None:
    """What is named like a question neither logs nor stores anything."""
    _assert_none(
        module.at(node, f"{function.name} acts: name it by what it does")
        for module in _package()
        for function in module.functions()
        if function.name.lstrip("_").startswith(("is_", "has_", "may_"))
        for node in _acts(function)
    )


_BROKEN = "# broken"


def _examples() -> Iterator[Module]:
    """Yield the blocks of Python in the pages, each at its own lines."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = path.read_text()
        for block in re.finditer(r"(?ms)^( *)```python\n(.*?)^\1```$", text):
            above = "\n" * text.count("\n", 0, block.start(2))
            yield Module(path, above + textwrap.dedent(block[2]))


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield what a function does itself; one that is defined in it is called apart."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, Function):
            yield node
            yield from _own_nodes(node)


def _second_gets(module: Module) -> Iterator[ast.Call]:
    """Yield where a function asks again; whatever else has a `get` takes a key."""
    for function in module.functions():
        yield from [
            node
            for node in _own_nodes(function)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("get", "snapshot")
            and not (node.args or node.keywords)
        ][1:]


def test_a_request_asks_for_its_config_once() -> None:
    """No function asks twice for the config, which may be another by then."""
    right = (each for each in _examples() if not each.text.lstrip().startswith(_BROKEN))
    _assert_none(
        module.at(node, "this may be another config: ask once, and hand it on")
        for module in (*_parsed("conf", "docs", "kube", "src"), *right)
        for node in _second_gets(module)
    )


def test_example_that_asks_twice_is_seen() -> None:
    """The rule finds what README shows as broken, and nothing else is marked so."""
    marked = [each for each in _examples() if each.text.lstrip().startswith(_BROKEN)]
    assert "README.md" in {module.place for module in marked}
    assert all([*_second_gets(module)] for module in marked)


def test_locks_are_named_as_such() -> None:
    """The name of a lock ends in `lock`."""
    _assert_none(
        module.at(node, f"{ast.unparse(target)} is a lock: have its name end so")
        for module in _package()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) in ("threading.Lock", "threading.RLock")
        for target in node.targets
        if not ast.unparse(target).endswith("lock")
    )


def test_no_test_sleeps() -> None:
    """A test polls with a deadline; only the poll itself sleeps."""
    _assert_none(
        module.at(node, "sleeping is not synchronising: use eventually()")
        for module in _tests()
        if module.place != _SLEEPER
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] == "sleep"
    )


def _disguised(module: Module) -> Iterator[ast.Call]:
    """Yield the waits for what cannot happen: nothing ends them but the time."""
    set_somewhere = set(re.findall(r"(\w+)\.set\b", module.text))
    events = {
        ast.unparse(target).rpartition(".")[2]
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign) and "Event()" in ast.unparse(node.value)
        for target in node.targets
    } - set_somewhere
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        holder, _, method = ast.unparse(node.func).rpartition(".")
        is_of_nobody = holder.endswith("Event()") or holder.rpartition(".")[2] in events
        if (
            (method == "wait" and is_of_nobody and (node.args or node.keywords))
            or (method == "select" and "[], [], []" in ast.unparse(node))
            or method == "sigtimedwait"
        ):
            yield node


def test_no_sleep_is_disguised() -> None:
    """No wait is for an event that nobody can set, or for no descriptor at all."""
    _assert_none(
        module.at(node, "this is a sleep: wait for what somebody sets")
        for module in _everything()
        for node in _disguised(module)
    )


@pytest.mark.parametrize(
    "text",
    [
        "threading.Event().wait(1)",
        "pause = threading.Event()\npause.wait(timeout=1)",
        "self.pause = Event()\nself.pause.wait(1)",
        "select.select([], [], [], 1)",
        "signal.sigtimedwait([], 1)",
    ],
)
def test_disguise_of_a_sleep_is_seen(text: str) -> None:
    """The rule finds a sleep by each of its other names, and no wait that can end."""
    path = ROOT / "tests" / "unread.py"
    assert [*_disguised(Module(path, text))]
    assert (
        not [*_disguised(Module(path, f"{text}\npause.set()"))] or "pause" not in text
    )


_LOADED = """
import json, sys
import liveconfig.worker.manager, liveconfig.reference.wsgi
print(json.dumps(sorted(sys.modules)))
"""


def test_worker_loads_neither_yaml_nor_pyinotify() -> None:
    """A worker starts without the parser, the watcher, and what few are asked for."""
    loaded = _fresh(_LOADED)
    assert isinstance(loaded, list)
    assert "falcon" in loaded
    assert not {"yaml", "pyinotify", "asyncore"} & set(loaded)
    assert not {"prometheus_client", "jinja2", "markupsafe"} & set(loaded)


# Everything foreign is imported first: it may read what it likes.
_READ = """
import importlib, json, os, sys
ours, foreign = (set(text.split()) for text in sys.argv[1:])
for name in sorted(foreign):
    importlib.import_module(name)
read = []
class Environment(dict):
    def __getitem__(self, name): read.append(name); return super().__getitem__(name)
    def get(self, name, *default): read.append(name); return super().get(name, *default)
    def __contains__(self, name): read.append(name); return super().__contains__(name)
    def __iter__(self): read.append("all of it"); return super().__iter__()
os.environ = Environment(os.environ)
found = {}
for name in sorted(ours):
    read.clear()
    importlib.import_module(name)
    if read:
        found[name] = sorted(set(read))
print(json.dumps(found))
"""


def test_importing_reads_no_environment() -> None:
    """Only the entry point of a worker reads the environment when it is imported."""
    entry_point = f"{PACKAGE}.reference.wsgi"
    ours = {module.name for module in _package()} - {entry_point}
    foreign = {
        name.rpartition(".")[0] if isinstance(node, ast.ImportFrom) else name
        for module in _package()
        for node, name in module.imports()
        if name.partition(".")[0] not in {PACKAGE, "__future__"}
    }
    assert _fresh(_READ, " ".join(ours), " ".join(foreign)) == {}
