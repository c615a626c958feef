"""Named data sets of texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gansmith.data.downloads.checksums import PinnedFile, Source
from gansmith.data.downloads.sources import LocalFolder, Web, own_folder
from gansmith.data.named_dataset import PinnedDataset
from gansmith.log import LogFn, silent
from gansmith.media.text.datasets.quatrains import Quatrains
from gansmith.media.text.files import is_text
from gansmith.media.text.folder import TextFolder
from gansmith.media.text.options import Unit
from gansmith.recipe import DataConfig


@dataclass(frozen=True)
class NamedTexts(PinnedDataset):
    """A named data set of texts.

    Attributes:
        home: Name of the folder of its files, below a folder of the user's.
        unit: What a text is in plain files.
        field: Column of the texts in tables.
        held_out: Returns from its name whether a file is held out; None where that goes by hash.
    """

    medium: ClassVar[str] = "text"
    home: str
    unit: Unit = "line"
    field: str | None = None
    held_out: Callable[[str], bool] | None = None

    def local_sources(self, folder: Path | None) -> list[Source]:
        """Return the folder, or the set's own in the user's folder."""
        home = own_folder()
        place = folder or (home / self.home if home else None)
        return [LocalFolder(place)] if place else []

    def fetch(self, folder: Path | None = None, log: LogFn = silent) -> Path:
        """Return a folder that holds every file, verified; fetch what is missing.

        Nothing is logged where nothing is missing, for texts are read at every opening.
        """
        if all(file.intact(self.directory) for file in self.files):
            return self.directory
        return super().fetch(folder, log)

    def collect(
        self, config: DataConfig, folder: Path | None = None, log: LogFn = silent
    ) -> NamedTextFolder:
        """Return its texts; they are fetched where they are not there."""
        return NamedTextFolder(self, config, folder=folder, log=log)

    def recognises(self, folder: Path, files: Sequence[str]) -> bool:
        """Return whether the texts of a folder are the files of this set."""
        texts = sorted(filter(is_text, files))
        return texts == sorted(file.name for file in self.files) and all(
            file.intact(folder) for file in self.files
        )


class NamedTextFolder(TextFolder):
    """The texts of a named data set, which are downloaded if necessary.

    Args:
        named: The data set; it decides what a text is, not the configuration.
        config: Its `labels` count here.
        folder: Folder that holds its files, or None to look in the usual places.
        log: Takes the licence and the progress, one line each.

    Raises:
        GansmithError: A local file has a wrong checksum, or no source could deliver.
    """

    def __init__(
        self,
        named: NamedTexts,
        config: DataConfig,
        *,
        folder: Path | None = None,
        log: LogFn = silent,
    ) -> None:
        self.named = named
        chosen = config.model_copy(
            update={"unit": named.unit, "separator": None, "field": named.field}
        )
        super().__init__(named.fetch(folder, log), chosen, log=log)
        self.name, self.licence = named.name, named.licence
        self.source = f"named set '{named.name}', files checked against a pinned SHA-256"
        self.official_split = named.held_out is not None

    def held_out_file(self, name: str) -> bool:
        """Return whether the publisher holds out a file."""
        return self.named.held_out is not None and self.named.held_out(name)


_TEXYGEN = "https://raw.githubusercontent.com/geek-ai/Texygen/master/data"
_TEXYGEN_NAMES = {"train.txt": "image_coco.txt", "test.txt": "testdata/test_coco.txt"}

CAPTIONS_COCO = NamedTexts(
    name="captions-coco",
    summary="20,000 captions of photographs in small letters, half of them held out",
    licence="CC BY 4.0 (COCO annotations)",
    citation=(
        "T.-Y. Lin et al.: Microsoft COCO: Common Objects in Context. ECCV 2014; selection: "
        "Y. Zhu et al.: Texygen: A Benchmarking Platform for Text Generation Models. SIGIR 2018"
    ),
    home="captions-coco",
    files=(
        PinnedFile(
            "train.txt", "2c0fd1f0f43aac6a9dc3926a535516ccf395de535e15ac1fd17cd569420736f5", 546_442
        ),
        PinnedFile(
            "test.txt", "72e25c9fb4d2cd43182ac602c92f6ffc377762147f9709572943b0b09174bcae", 536_184
        ),
    ),
    sources=(Web("Texygen on GitHub", lambda name: f"{_TEXYGEN}/{_TEXYGEN_NAMES[name]}"),),
    held_out=lambda name: name == "test.txt",
)


def _quatrains(length: int, summary: str, *files: PinnedFile) -> NamedTexts:
    return NamedTexts(
        name=f"quatrains-{length}",
        summary=f"{summary} poems of four lines of {length} characters, traditional script",
        licence="MIT (chinese-poetry); the poems: public domain",
        citation="chinese-poetry 2.0.1, from the Complete Tang Poems and the Complete Song Poems",
        home="poems",
        files=files,
        sources=(Quatrains("chinese-poetry", "2.0.1"),),
        field="lines",
    )


QUATRAINS_5 = _quatrains(
    5,
    "16,774 Tang and Song",
    PinnedFile(
        "tang-quatrains-5.jsonl",
        "5a35eabdd4b485110138f7897585124f26ecfb264e1ab11bcc50f30c1c6a157d",
        533_016,
    ),
    PinnedFile(
        "song-quatrains-5.jsonl",
        "0959e73010594b33e80889893c6672bffd5fa369c90d87c3a38694c3e61c87f0",
        1_953_975,
    ),
)
QUATRAINS_7 = _quatrains(
    7,
    "10,321 Tang",
    PinnedFile(
        "tang-quatrains-7.jsonl",
        "5857f5b000b022f0a0f57985c722a79fbc55dd1684d6bcc4933a98d9a3c62cdb",
        1_706_285,
    ),
)

TEXT_SETS = {named.name: named for named in (CAPTIONS_COCO, QUATRAINS_5, QUATRAINS_7)}
"""By name, in the order in which they are listed."""
