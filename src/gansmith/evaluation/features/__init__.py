"""Feature extractors by name; importing this package registers all of them."""

from gansmith.evaluation.features import classifier, custom, fixed, pretrained
from gansmith.extractor import (
    EXTRACTORS,
    FILE_EXTRACTORS,
    ClassifyingExtractor,
    Extractor,
    build_extractor,
)
from gansmith.media.image.preprocessing import Preprocessing
from gansmith.media.points import features as coordinates
from gansmith.media.text import features as reading

__all__ = [
    "EXTRACTORS",
    "FILE_EXTRACTORS",
    "ClassifyingExtractor",
    "Extractor",
    "Preprocessing",
    "build_extractor",
    "classifier",
    "coordinates",
    "custom",
    "fixed",
    "pretrained",
    "reading",
]
