"""``python -m tandem_sdk build``: turns a project into a component, with componentize-py.

A project is a directory with ``plugin.toml`` and ``plugin.py`` (or a package ``plugin/``). What is in the project's directory,
what is installed in its ``.venv`` and what is installed beside this package goes into the component, if it is pure Python and
imported; of what ``requirements.txt`` names, all of it (:mod:`tandem_sdk.bundle`). The plugin is imported here first: what is wrong
with it is told before componentize-py begins, which takes its time.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from .bundle import ImportFailed, prepare

#: The release that the contract was tried with.
COMPONENTIZE = "0.25.1"
# What the snapshot holds is there for good: collections during calls need not look through all of it again.
_ENTRY = """\
import gc
{prepare}
import plugin
from tandem_sdk.guest import Lifecycle, Prompts, Resources, Tools
gc.collect()
gc.freeze()
"""


class BuildError(Exception):
    """The project cannot be built; the text says what to do."""


def contract(into: Path, *, http: bool) -> str:
    """Lays the WIT out for one build, and answers the world's name.

    It comes from inside an installed package, or from beside the SDKs in a source tree. A component that requests no http has no such
    import.
    """
    here = Path(__file__).resolve().parent
    sdk = here.parents[2]
    for wit, client in ((here / "wit", here / "http-client"), (sdk.parent / "wit", sdk / "http-client")):
        if (wit / "worlds.wit").is_file():
            shutil.copytree(wit, into, ignore=shutil.ignore_patterns("FROZEN"))
            if http:
                shutil.copytree(client, into, dirs_exist_ok=True)
            return "http-plugin" if http else "plugin"
    raise BuildError(f"the contract (wit) is neither in {here} nor beside {sdk}: run `tandem plugin sdk --link`")


def sources(project: Path) -> list[Path]:
    """Where imports are looked up, in this order.

    The project comes before the packages, and this package before those in ``.venv``: one of another release may lie there.
    """
    # A `site-packages`, where this package is installed.
    here = Path(__file__).resolve().parents[1]
    installed = sorted((project / ".venv").glob("lib/python*/site-packages"))
    return [project, here, *(packages for packages in installed if packages.resolve() != here)]


def copy(project: Path, into: Path) -> Path:
    """Copies what a component may import, and answers where to.

    componentize-py walks whole directories and follows links: ``.sdk`` leads to the SDKs of all languages, in a source tree even
    back to the project itself, which would never end.
    """

    def left_out(directory: str, names: list[str]) -> list[str]:
        top = {"build", "node_modules"} if Path(directory) == project else set()
        return [name for name in names if name.startswith(".") or name == "__pycache__" or name in top]

    return shutil.copytree(project, into, ignore=left_out)


def build(project: Path, output: Path) -> None:
    """Builds the project's component.

    Raises:
        BuildError: something is missing, or componentize-py failed (its own output says why).
    """
    manifest = project / "plugin.toml"
    if not manifest.is_file():
        raise BuildError(f"{manifest} is missing: it names the plugin and what it requests")
    if not (project / "plugin.py").is_file() and not (project / "plugin" / "__init__.py").is_file():
        raise BuildError(f"{project / 'plugin.py'} is missing: it declares the tools")
    try:
        requested = tomllib.loads(manifest.read_text()).get("request", {})
    except tomllib.TOMLDecodeError as error:
        raise BuildError(f"{manifest}: {error}") from None
    command = shutil.which("componentize-py", path=str(Path(sys.executable).parent)) or shutil.which("componentize-py")
    if command is None:
        raise BuildError(f"componentize-py is missing: {sys.executable} -m pip install componentize-py=={COMPONENTIZE}")
    installed = [path for path in sources(project) if path.name == "site-packages"]
    try:
        first, notes = prepare(project, installed, sources(project))
    except ImportFailed as error:
        raise BuildError(str(error)) from None
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wit, made = Path(scratch) / "wit", Path(scratch) / "component.wasm"
        http = bool(requested.get("http"))
        options = ["--wit-path", str(wit), "--world", contract(wit, http=http)]
        # Two of the interfaces are called `types`.
        for interface, name in [("tandem:plugin/types@0.1.0", "plugin_types"), ("wasi:http/types@0.2.9", "http_types")][: 1 + http]:
            options += ["--import-interface-name", f"{interface}={name}"]
        (Path(scratch) / "tandem_entry.py").write_text(_ENTRY.format(prepare=first))
        own, *packages = sources(project)
        own = copy(own, Path(scratch) / "project")
        paths = [argument for source in (scratch, own, *packages) for argument in ("--python-path", str(source))]
        done = subprocess.run([command, *options, "componentize", *paths, "--output", str(made), "tandem_entry"])
        if done.returncode != 0:
            raise BuildError("componentize-py failed; what it printed says why")
        shutil.move(made, output)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tandem_sdk", description="Builds Tandem plugins.")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("build", help="turn a project into a component")
    one.add_argument("project", nargs="?", default=".", type=Path, help="its directory [default: .]")
    one.add_argument("-o", "--output", type=Path, help="the component [default: PROJECT/build/plugin.wasm]")
    given = parser.parse_args(arguments)
    try:
        build(given.project.resolve(), given.output or given.project / "build" / "plugin.wasm")
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
