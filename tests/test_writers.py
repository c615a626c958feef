"""Which code may write files: generated ones leave through `gansmith.outputs` only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import gansmith
from gansmith.codec import suffix
from gansmith.medium import MEDIA
from gansmith.outputs import FINISHERS
from gansmith.provenance.carriers import CARRIERS

SOURCE = Path(gansmith.__file__).parent
METHODS = {
    *("atomic_file", "atomic_folder", "write_bytes", "write_text", "savez", "savez_compressed"),
    *("save", "savetxt", "to_file", "tofile", "save_file", "copyfile", "copytree"),
    *("copyfileobj", "copy2", "NamedTemporaryFile", "mkstemp", "symlink_to", "hardlink_to"),
}
"""Names of functions that write files, whatever they are called on."""
FUNCTIONS = {
    *("shutil.copy", "shutil.move", "os.replace", "os.rename", "os.write", "os.link"),
    *("soundfile.write", "sf.write", "os.symlink"),
}
OPENERS = {"open", "fdopen", "ZipFile", "TarFile", "SoundFile", "memmap"}
"""Functions that write where their mode says so."""

DOOR = {
    "outputs:save_output": "the door",
    "output_folder:OutputFolder._save_manifest": "lists what went through the door",
    "outputs:save_collection.payload": "fills the file that the door has opened",
    "outputs:_save_beside": "the record of a file that cannot hold one",
}
ENCODERS = {
    "drawing.pixels:png_bytes": "into memory",
    "drawing.animation:animation_bytes": "into memory",
    "report.page:_reduced": "into memory, for a data URI",
    "media.audio.writing:_encoded": "into memory",
    "provenance.samples:changed_flac": "into memory",
}
BOOKKEEPING = {
    "storage.": "caches, checkpoints and the atomic writing itself",
    "run:Run.log": "metrics.jsonl",
    "run:Run._write_text": "recipe, manifest, metrics, verdict, contest, tokenizer.json",
    "run:_keep_before": "the checkpoint before the last, as a link or a copy",
    "loading.open:": "the cache of prepared samples",
    "data.downloads.": "downloaded data",
    "provenance.identity:init": "name, key and certificate of the user",
    "media.audio.ogg_cache:": "the cache of decoded sounds",
}
ALLOWED = DOOR | ENCODERS | BOOKKEEPING


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _writes(call: ast.Call) -> bool:
    name = _dotted(call.func)
    last = name.rpartition(".")[2]
    if last in OPENERS:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        modes = [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        return any(set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in modes)
    return last in METHODS or name in FUNCTIONS


def writers(source: str) -> Iterator[tuple[str, int]]:
    """Yield the qualified function and the line of each call that writes a file."""

    def visit(node: ast.AST, scope: tuple[str, ...]) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                yield from visit(child, (*scope, child.name))
                continue
            if isinstance(child, ast.Call) and _writes(child):
                yield ".".join(scope), child.lineno
            yield from visit(child, scope)

    yield from visit(ast.parse(source), ())


def _found() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for function, line in writers(path.read_text("utf-8")):
            yield f"{module}:{function}", f"{path.relative_to(SOURCE)}:{line}"


def _covers(known: str, name: str) -> bool:
    """Whether an entry means a function, or the module or package that it lies in."""
    return name.startswith(known) if known.endswith((":", ".")) else name == known


def test_files_are_written_by_the_door_and_by_bookkeeping_only() -> None:
    new = [
        f"{place} ({name})"
        for name, place in _found()
        if not any(_covers(known, name) for known in ALLOWED)
    ]
    assert not new, (
        "these write files past gansmith.outputs: let them return bytes and write those with "
        f"outputs.save_output: {new}"
    )


def test_the_list_of_writers_names_no_code_that_is_gone() -> None:
    names = [name for name, _ in _found()]
    assert not [known for known in ALLOWED if not any(_covers(known, n) for n in names)]


OUTSIDE = {".txt", ".csv", ".raw", ".glb"}
"""Formats without a place for a record, which lies in a manifest or beside the file."""


def test_every_format_of_every_medium_carries_its_record() -> None:
    suffixes = {".png", ".npz", ".html"}  # sheets, arrays and reports of all media
    for name in MEDIA:
        codec = MEDIA[name].codec
        suffixes |= {f".{suffix(format_)}" for format_ in codec.formats}
        suffixes |= {*codec.collections, *codec.interpolation_suffixes}
        suffixes |= {Path(file).suffix for file in codec.overview_files}
    without = {kind for kind in suffixes - OUTSIDE if not FINISHERS.get(kind)}
    assert not without, f"give these formats an entry in gansmith.provenance.carriers: {without}"
    assert suffixes <= CARRIERS.keys() | OUTSIDE
    assert not CARRIERS.keys() & OUTSIDE


@pytest.mark.parametrize(
    "line",
    [
        "with atomic_file(path) as part: pass",
        "path.write_bytes(content)",
        "path.parent.joinpath('a').write_text('a')",
        "open(path, 'w')",
        "path.open(mode='ab')",
        "image.save(path)",
        "np.savez(path, a=a)",
        "soundfile.write(path, samples, rate)",
        "soundfile.SoundFile(path, 'w', rate, 1)",
        "sheet.to_file(path)",
        "shutil.copy(a, b)",
    ],
)
def test_a_new_writer_is_found(line: str) -> None:
    assert list(writers(f"class A:\n    def b(self):\n        {line}\n")) == [("A.b", 3)]


@pytest.mark.parametrize("line", ["open(path)", "path.open('rb')", "a.copy()", "s.replace(a, b)"])
def test_reading_is_not_writing(line: str) -> None:
    assert not list(writers(line))
