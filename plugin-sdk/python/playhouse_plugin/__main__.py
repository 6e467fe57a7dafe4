"""`python -m playhouse_plugin build`: makes a component of a plugin.

In: a folder with `plugin.json`, `plugin.py` and whatever that imports. Out: one `.wasm`
file that Playhouse runs, which says of itself what `plugin.json` says and which settings its
dataclass has. It needs componentize-py beside this Python or on PATH.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ._metadata import MADE_BY, doubt
from ._schema import Disagreement, agreed
from ._settings import schema_for
from .plugin import HOOKS, Plugin, hooks_of, plugin_of

_MAIN = """\
import plugin
from playhouse_plugin._component import exports_of
from playhouse_plugin.plugin import plugin_of

globals().update(exports_of(plugin_of(plugin)))
"""


class BuildError(Exception):
    """What is wrong, and what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m playhouse_plugin")
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="make a component of a plugin")
    building.add_argument("folder", nargs="?", default=".", type=Path, help="where plugin.json is")
    building.add_argument(
        "-o", "--output", type=Path, help="the component [default: NAME.wasm in the folder]"
    )
    arguments = parser.parse_args()
    try:
        build(arguments.folder, arguments.output)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def build(folder: Path, output: Path | None = None) -> Path:
    """Makes the component; gives its path."""
    metadata = read_metadata(folder / "plugin.json")
    plugin = import_plugin(folder)
    check_hooks(plugin, list(metadata["hooks"]))
    wrong = doubt(metadata, interface_folder())
    if wrong is not None:
        raise BuildError(f"`{folder / 'plugin.json'}` {wrong}")
    describe_settings(plugin, metadata)
    metadata["sdk"] = MADE_BY
    output = output or folder / f"{metadata['name']}.wasm"
    with tempfile.TemporaryDirectory() as temporary:
        room = Path(temporary)
        write_world(room / "wit", list(metadata["hooks"]))
        (room / "playhouse_component.py").write_text(_MAIN)
        component = room / "plugin.wasm"
        paths = [room, folder, Path(__file__).parent.parent]
        words: list[str | Path] = [
            componentize(),
            "-d",
            room / "wit",
            "-w",
            "component",
            "componentize",
        ]
        for path in paths:
            words += ["-p", path.resolve()]
        words += ["playhouse_component", "-o", component]
        ended = subprocess.run(words, text=True, capture_output=True)
        if ended.returncode != 0:
            raise BuildError(f"componentize-py failed:\n{ended.stdout}{ended.stderr}".rstrip())
        with component.open("ab") as file:
            file.write(section(json.dumps(metadata).encode()))
        shutil.move(component, output)
    print(f"built {output}, {output.stat().st_size / 1e6:.1f} MB")
    return output


def read_metadata(path: Path) -> dict[str, Any]:
    """The plugin's own words."""
    try:
        metadata: Any = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BuildError(
            f"`{path}` cannot be read ({error.strerror}); it describes the plugin"
        ) from None
    except ValueError as error:
        raise BuildError(f"`{path}` is not JSON: {error}") from None
    if not isinstance(metadata, dict) or not re.fullmatch(
        "[a-z][a-z0-9-]{0,39}", str(metadata.get("name", ""))
    ):
        raise BuildError(
            f"`{path}` needs a `name`: 1 to 40 of `a-z`, `0-9` and `-`, beginning with a letter"
        )
    hooks = metadata.get("hooks") or {}
    unknown = [hook for hook in hooks if hook not in HOOKS]
    if unknown or not hooks:
        said = f"names the unknown hook `{unknown[0]}`" if unknown else "names no `hooks`"
        raise BuildError(f"`{path}` {said}; there are {', '.join(HOOKS)}")
    return metadata


def import_plugin(folder: Path) -> type[Plugin]:
    """The one plugin of `plugin.py`."""
    sys.path.insert(0, str(folder.resolve()))
    try:
        return plugin_of(importlib.import_module("plugin"))
    except ModuleNotFoundError as error:
        raise BuildError(f"`{folder / 'plugin.py'}` cannot be imported: {error}") from None
    except TypeError as error:
        raise BuildError(str(error)) from None


def check_hooks(plugin: type[Plugin], said: list[str]) -> None:
    """A plugin's bases and its metadata have to agree."""
    has = hooks_of(plugin)
    for hook in has:
        if hook not in said:
            raise BuildError(f"`{plugin.__name__}` has the hook `{hook}`, and plugin.json does not")
    for hook in said:
        if hook not in has:
            raise BuildError(
                f"plugin.json has the hook `{hook}`; give `{plugin.__name__}` the base "
                f"`{HOOKS[hook].__name__}`, or take the hook out"
            )


def describe_settings(plugin: type[Plugin], metadata: dict[str, Any]) -> None:
    """Puts the schema of the plugin's settings into its metadata. Where they are no
    dataclass, the one written there stands."""
    try:
        derived = schema_for(plugin)
    except (NameError, TypeError) as error:
        raise BuildError(f"the settings of `{plugin.__name__}` have no schema: {error}") from None
    if derived is None:
        return
    settings = metadata.setdefault("settings", {})
    if not isinstance(settings, dict):
        raise BuildError("`settings` in plugin.json is not an object")
    try:
        settings["schema"] = agreed(settings.get("schema", True), derived)
    except Disagreement as error:
        raise BuildError(
            f"plugin.json contradicts the settings of `{plugin.__name__}`: {error}; "
            "leave it out there, or change one of the two"
        ) from None


def interface_folder() -> Path:
    """The folder with Playhouse's interface."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "wit" / "worlds.wit").is_file():
            return parent / "wit"
    raise BuildError("the folder `wit` with Playhouse's interface is in no folder above this")


def write_world(folder: Path, hooks: list[str]) -> None:
    """A world of this plugin's own: componentize-py demands every export of its world."""
    interface = interface_folder()
    target = folder / "deps" / "playhouse-plugin"
    target.mkdir(parents=True)
    for file in interface.glob("*.wit"):
        shutil.copy(file, target)
    package = (target / "worlds.wit").read_text("utf-8").split(";")[0]
    version = package.rpartition("@")[2]
    exports = "".join(f"    export playhouse:plugin/{hook}@{version};\n" for hook in hooks)
    (folder / "world.wit").write_text(
        "package plugin:component;\n\nworld component {\n"
        f"    include playhouse:plugin/plugin@{version};\n{exports}}}\n"
    )


def componentize() -> str:
    """componentize-py, from beside this Python or from PATH."""
    beside = Path(sys.executable).parent
    found = shutil.which(
        "componentize-py", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"
    )
    if found is None:
        raise BuildError(
            f"there is no componentize-py: `{sys.executable} -m pip install componentize-py`"
        )
    return found


def section(data: bytes) -> bytes:
    """The custom section `playhouse:plugin`, to stand at the end of a component."""
    name = b"playhouse:plugin"
    content = leb128(len(name)) + name + data
    return b"\0" + leb128(len(content)) + content


def leb128(number: int) -> bytes:
    """An unsigned number in 7 bits a byte, the lowest first."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


if __name__ == "__main__":
    sys.exit(main())
