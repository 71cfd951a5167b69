"""A build, as far as the compiler that it starts."""

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from tandem_sdk.build import main

#: Notes how it was called, and makes an empty component.
_COMPILER = """\
#!{python}
import json, sys
given = sys.argv[1:]
json.dump(given, open({said!r}, "w"))
open(given[given.index("--output") + 1], "w").close()
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
        beside = mock.patch("tandem_sdk.build.sys.executable", str(tools / "python"))
        beside.start()
        self.addCleanup(beside.stop)

    def paths(self) -> list[str]:
        self.assertEqual(main(["build", str(self.project)]), 0)
        said = json.loads(self.said.read_text())
        return [value for option, value in zip(said, said[1:]) if option == "--python-path"]

    def test_what_is_installed_for_the_project_goes_into_the_component(self) -> None:
        packages = self.project / ".venv/lib/python3.11/site-packages"
        packages.mkdir(parents=True)
        paths = self.paths()
        self.assertEqual(paths[1], str(self.project))
        self.assertEqual(paths[3:], [str(packages)], "after the SDK, whatever release of it lies there")

    def test_without_packages_there_are_the_project_and_the_sdk(self) -> None:
        paths = self.paths()
        self.assertEqual(paths[1], str(self.project))
        self.assertTrue(os.path.isfile(os.path.join(paths[2], "tandem_sdk/guest.py")))
        self.assertEqual(len(paths), 3)


if __name__ == "__main__":
    unittest.main()
