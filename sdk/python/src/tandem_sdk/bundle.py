"""What a component takes along, and whether the plugin can be imported at all: found out by this machine's Python.

A component is a snapshot of the program after its imports, with no files: what is imported only during a call, or looked up in the
metadata of a package, must be in the snapshot already. So all modules of the packages in ``requirements.txt`` (and of what they
require) are imported, whatever is imported inside of functions too, and their metadata is kept. **Bounds:** :data:`MAX_MODULES`.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

#: Modules that are imported because a package holds them. More of them are a framework, whose snapshot no host would want.
MAX_MODULES = 2_000
#: Parts of packages that no call needs.
_LEFT_OUT = {"test", "tests", "testing", "conftest", "__main__", "benchmarks", "examples", "docs"}
#: What of a package's metadata is kept.
_METADATA = ("METADATA", "entry_points.txt", "top_level.txt")
#: Names of files that are native code of this machine.
_NATIVE = {".so", ".pyd", ".dylib"}
#: How long an import may take here.
_PATIENCE = 60

#: Imports the plugin as the component will, and says where it fails: the last line in the project's own files.
_TRIAL = """\
import json, sys, traceback
project = sys.argv[1] + "/"
try:
    import plugin
except BaseException as error:
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    own = [frame for frame in frames if frame[0].startswith(project) and "/.venv/" not in frame[0]]
    foreign = frames and frames[-1] not in own and "tandem_sdk" not in frames[-1][0]
    text = "".join(traceback.format_exception_only(error)[-1:]).strip()
    json.dump({
        "place": "%s:%s" % (own[-1][0].removeprefix(project), own[-1][1]) if own else "plugin.py",
        "error": text,
        "whole": "".join(traceback.format_exception(error)) if foreign else "",
    }, sys.stderr)
    sys.exit(1)
failed = {}
for name in json.load(sys.stdin):
    try:
        __import__(name)
    except BaseException as error:
        failed[name] = "%s: %s" % (type(error).__name__, error)
json.dump(failed, sys.stdout)
"""

#: Runs in the component before its snapshot is taken.
_PREPARE = """\
import importlib.metadata

import sys
for name in {modules!r}:
    try:
        __import__(name)
    except Exception as error:
        print(f"note: `{{name}}` cannot be imported in a component: {{type(error).__name__}}: {{error}}", file=sys.stderr)


class _Distribution(importlib.metadata.Distribution):
    def __init__(self, files):
        self._files = files

    def read_text(self, filename):
        return self._files.get(filename)

    def locate_file(self, path):
        raise FileNotFoundError(path)


class _Finder(importlib.metadata.DistributionFinder):
    @staticmethod
    def find_spec(*_):
        return None

    @staticmethod
    def find_distributions(context=importlib.metadata.DistributionFinder.Context()):
        import re
        plain = lambda name: re.sub("[-_.]+", "-", name).lower()
        for name, files in {metadata!r}.items():
            if context.name is None or plain(context.name) == plain(name):
                yield _Distribution(files)


sys.meta_path.insert(0, _Finder)
# What these functions import when they are first called.
importlib.metadata.entry_points()
for _distribution in importlib.metadata.distributions():
    _distribution.metadata, _distribution.requires
"""


class ImportFailed(Exception):
    """The plugin cannot be imported; the text has the place."""


def _plain(name: str) -> str:
    """A package's name, as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(requirements: Iterable[str]) -> list[str]:
    """The packages that lines of requirements name. Paths and URLs name none."""
    found = (re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*($|[\[<>=!~;(@])", line) for line in requirements)
    return [_plain(match[1]) for match in found if match]


def distributions(project: Path, installed: list[Path]) -> dict[str, importlib.metadata.Distribution]:
    """What ``requirements.txt`` names and is installed, with all that these require."""
    listed = project / "requirements.txt"
    waiting = _names(listed.read_text().splitlines()) if listed.is_file() else []
    there = {_plain(one.name): one for one in importlib.metadata.distributions(path=[str(path) for path in installed])}
    found: dict[str, importlib.metadata.Distribution] = {}
    while waiting:
        name = waiting.pop()
        if name in there and name not in found:
            found[name] = there[name]
            waiting += _names(there[name].requires or [])
    return found


def modules(distribution: importlib.metadata.Distribution) -> Iterator[tuple[str, Path]]:
    """The modules of an installed package, with their files."""
    for file in distribution.files or []:
        parts = file.with_suffix("").parts
        name = parts[:-1] if parts[-1] == "__init__" else parts
        # A private name as `_x` is a module too; what is no name is a script.
        is_module = file.suffix == ".py" and name and all(part.isidentifier() for part in name)
        if is_module and not any(part in _LEFT_OUT or part.startswith("test_") for part in name):
            yield ".".join(name), Path(str(distribution.locate_file(file)))


def _native(distribution: importlib.metadata.Distribution) -> list[str]:
    """A note on a package with code of this machine, which imports here and not in a component."""
    files = sorted(file.name for file in distribution.files or [] if file.suffix in _NATIVE)
    why = f"has native code ({', '.join(files[:3])}), which a component cannot load: what needs it fails"
    return [f"`{distribution.name}` {why}"] if files else []


def late_imports(source: str) -> set[str]:
    """Modules that a source imports inside of functions, by their whole names."""
    found: set[str] = set()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return found
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    found.update(alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                    # Some of these names are modules, as in `from importlib import metadata`; the others are not found.
                    found.add(node.module)
                    found.update(f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")
    return found


def _own(project: Path) -> Iterator[Path]:
    """The project's own sources."""
    yield from project.glob("*.py")
    for package in project.iterdir():
        if package.is_dir() and (package / "__init__.py").is_file():
            yield from package.rglob("*.py")


def prepare(project: Path, installed: list[Path], search: list[Path]) -> tuple[str, list[str]]:
    """Tries the plugin's imports here; answers the code that the component runs first, and notes for the author.

    Raises:
        ImportFailed: the plugin cannot be imported.
    """
    packages = distributions(project, installed)
    held = dict(module for package in packages.values() for module in modules(package))
    notes = []
    if len(held) > MAX_MODULES:
        notes.append(f"the packages hold {len(held)} modules: only what is imported at the top of a module is taken along")
        held = {}
    notes += [note for package in packages.values() for note in _native(package)]
    late: set[str] = set()
    for file in [*_own(project), *held.values()]:
        late |= late_imports(file.read_text(errors="replace"))
    failed = _try(project, search, sorted(late | held.keys()))
    notes += [f"`{name}` is left out: {why}" for name, why in sorted(failed.items()) if name in held]
    metadata = {}
    for package in packages.values():
        texts = ((file, package.read_text(file)) for file in _METADATA)
        metadata[package.name] = {file: text for file, text in texts if text is not None}
    wanted = sorted(name for name in late | held.keys() if name not in failed)
    return (_PREPARE.format(modules=wanted, metadata=metadata) if packages or wanted else ""), notes


def _try(project: Path, search: list[Path], wanted: list[str]) -> dict[str, str]:
    """Imports the plugin, then modules; answers which of these cannot be imported, and why."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, search)), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRIAL, str(project)],
            input=json.dumps(wanted), capture_output=True, text=True, env=environment, cwd=project, timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise ImportFailed(f"plugin.py: importing it took longer than {_PATIENCE} seconds") from None
    try:
        # What the plugin prints stands before it.
        said = json.loads(done.stdout.splitlines()[-1] if done.returncode == 0 else done.stderr.splitlines()[-1])
    except (IndexError, ValueError):
        raise ImportFailed(f"plugin.py: importing it ended with code {done.returncode}\n{done.stderr}") from None
    if done.returncode == 0:
        return dict(said)
    raise ImportFailed(f"{said['whole']}{said['place']}: {said['error']}")
