"""Feature extractors by name; importing this package registers all of them."""

from gansmith.evaluation.features import (
    classifier,
    coordinates,
    fixed,
    own,
    pretrained,
    reading,
)
from gansmith.evaluation.features.extractor import (
    EXTRACTORS,
    FILE_EXTRACTORS,
    ClassifyingExtractor,
    Extractor,
    build_extractor,
)
from gansmith.evaluation.features.preprocessing import Preprocessing

__all__ = [
    "EXTRACTORS",
    "FILE_EXTRACTORS",
    "ClassifyingExtractor",
    "Extractor",
    "Preprocessing",
    "build_extractor",
    "classifier",
    "coordinates",
    "fixed",
    "own",
    "pretrained",
    "reading",
]
