"""Feature extractors by name; importing this package registers all of them."""

from gansmith.evaluation.features import classifier, custom, fixed, pretrained
from gansmith.extractor import (
    EXTRACTORS,
    FILE_EXTRACTORS,
    ClassifyingExtractor,
    Extractor,
    build_extractor,
)
from gansmith.medium import MEDIA

MEDIA.names()  # filling the registry of media also registers the extractors of each

__all__ = [
    "EXTRACTORS",
    "FILE_EXTRACTORS",
    "ClassifyingExtractor",
    "Extractor",
    "build_extractor",
    "classifier",
    "custom",
    "fixed",
    "pretrained",
]
