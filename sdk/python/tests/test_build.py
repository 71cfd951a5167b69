"""A build, as far as the compiler that it starts."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from tandem_sdk.build import main

#: Notes how it was called, and makes an empty component.
_COMPILER = """\
#!{python}
import json, os, sys
given = sys.argv[1:]
paths = [value for option, value in zip(given, given[1:]) if option == "--python-path"]
json.dump([given, [os.path.join(at, name) for at, _, names in os.walk(paths[1], followlinks=True) for name in names]], open({said!r}, "w"))
open(given[given.index("--output") + 1], "w").close()
with open({said!r} + ".py", "w") as copy:
    copy.write(open(given[given.index("--python-path") + 1] + "/tandem_entry.py").read())
"""


class Build(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.project = Path(scratch.name).resolve() / "project"
        self.project.mkdir()
        (self.project / "plugin.toml").write_text("[plugin]\nname = 'words'\n")
        (self.project / "plugin.py").write_text("")
        self.said = Path(scratch.name) / "said.json"
        # Beside the interpreter it would be looked for first.
        tools = Path(scratch.name) / "bin"
        tools.mkdir()
        compiler = tools / "componentize-py"
        compiler.write_text(_COMPILER.format(python=sys.executable, said=str(self.said)))
        compiler.chmod(0o755)
        (tools / "python").symlink_to(sys.executable)
        beside = mock.patch("tandem_sdk.build.sys.executable", str(tools / "python"))
        beside.start()
        self.addCleanup(beside.stop)

    def own_path(self, said: list[str]) -> str:
        return [value for option, value in zip(said, said[1:]) if option == "--python-path"][1]

    def paths(self) -> list[str]:
        self.assertEqual(main(["build", str(self.project)]), 0)
        said, files = json.loads(self.said.read_text())
        self.own = sorted(os.path.relpath(file, self.own_path(said)) for file in files)
        return [value for option, value in zip(said, said[1:]) if option == "--python-path"]

    def test_what_is_installed_for_the_project_goes_into_the_component(self) -> None:
        packages = self.project / ".venv/lib/python3.11/site-packages"
        packages.mkdir(parents=True)
        paths = self.paths()
        self.assertEqual(self.own, ["plugin.py", "plugin.toml"])
        self.assertEqual(paths[3:], [str(packages)], "after the SDK, whatever release of it lies there")

    def test_without_packages_there_are_the_project_and_the_sdk(self) -> None:
        # As in a source tree, where the link leads back to the project.
        (self.project / ".sdk").symlink_to(self.project.parent)
        for name in ["words/build", "build"]:
            (self.project / name).mkdir(parents=True)
            (self.project / name / "__init__.py").write_text("")
        paths = self.paths()
        self.assertEqual(self.own, ["plugin.py", "plugin.toml", "words/build/__init__.py"])
        self.assertTrue(os.path.isfile(os.path.join(paths[2], "tandem_sdk/guest.py")))
        self.assertEqual(len(paths), 3)

    def refused(self, source: str) -> str:
        (self.project / "plugin.py").write_text(source)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(main(["build", str(self.project)]), 1)
        self.assertFalse(self.said.exists(), "the compiler was not waited for")
        return said.getvalue()

    def test_what_is_wrong_with_a_plugin_is_told_with_its_place_and_before_it_is_compiled(self) -> None:
        untyped = "from tandem_sdk import tool\n\n\n@tool\ndef add(a, b: int) -> int:\n    \"Adds.\"\n    return 1\n"
        self.assertIn("error: plugin.py:4: TypeError: plugin.add: `a` needs a type", self.refused(untyped))
        self.assertIn("error: plugin.py:2: SyntaxError: unmatched '}'", self.refused("\n}\n"))
        self.assertIn("plugin.py:1: ModuleNotFoundError: No module named 'nothere'", self.refused("import nothere\n"))
        self.assertIn("plugin.py:1: SystemExit: 3", self.refused("raise SystemExit(3)\n"))

    def install(self, package: str, files: dict[str, str], metadata: dict[str, str]) -> None:
        site = self.project / ".venv/lib/python3.11/site-packages"
        info = f"{package}-1.0.dist-info"
        head = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        written = files | {f"{info}/{name}": text for name, text in metadata.items()}
        written[f"{info}/METADATA"] = head + metadata.get("METADATA", "")
        written[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in written)
        for name, text in written.items():
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).write_text(text)

    def test_packages_go_in_whole_with_their_metadata_and_what_they_import_late(self) -> None:
        late = "def render():\n    from importlib import metadata\n    import colorsys\n    return metadata.entry_points(group='marks')\n"
        files = {"marks/__init__.py": late, "marks/extra.py": "", "marks/broken.py": "import nothere\n", "marks/tests/test_it.py": ""}
        entries = {"entry_points.txt": "[marks]\nextra = marks.extra:make\n", "METADATA": "Requires-Dist: Marks_Base>=1\n"}
        self.install("marks", files, entries)
        self.install("marks-base", {"base.py": "", "setup.py": "", "base/fast.abi3.so": ""}, {})
        self.install("another", {"another.py": ""}, {})
        (self.project / "requirements.txt").write_text("# packages\nmarks>=1\n./local\n")
        with contextlib.redirect_stderr(io.StringIO()) as told:
            self.paths()
        self.assertIn("note: `marks.broken` is left out: ModuleNotFoundError", told.getvalue())
        self.assertIn("note: `marks-base` has native code (fast.abi3.so), which a component cannot load", told.getvalue())
        entry = Path(f"{self.said}.py").read_text()
        for module in ["marks.extra", "base", "importlib.metadata", "colorsys"]:
            self.assertIn(repr(module), entry)
        for module in ["marks.broken", "marks.tests", "another"]:
            self.assertNotIn(repr(module), entry)
        # What the component runs first: no file is looked at afterwards.
        program = entry.split("import plugin")[0] + """
sys.path[:] = []
sys.path_importer_cache.clear()
points = importlib.metadata.entry_points(group="marks")
print([point.value for point in points], importlib.metadata.version("Marks.Base"), "colorsys" in sys.modules)
"""
        packages = str(self.project / ".venv/lib/python3.11/site-packages")
        done = subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": packages}, capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ("['marks.extra:make'] 1.0 True\n", ""))
        # What a component lacks is told by the component: here it lacks a package that was there before.
        done = subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": ""}, capture_output=True, text=True)
        self.assertIn("note: `base` cannot be imported in a component: ModuleNotFoundError", done.stderr)


if __name__ == "__main__":
    unittest.main()
