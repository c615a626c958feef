"""What a medium is: the only code that knows how a sample becomes a tensor and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor


class Medium(Protocol):
    """Reads, encodes, decodes, writes and shows samples of one kind.

    Samples are arrays [N, H, W, C] of type `stored` (uint8 for all that has pixels) as the cache
    stores them; tensors are float32 [N, C, H, W] as networks see them, in about [-1, 1].
    """

    name: str
    stored: type[np.generic]

    def encode(self, samples: Tensor) -> Tensor:
        """Turn stored samples (uint8 [N, H, W, C]) into network tensors (float32 [N, C, H, W])."""

    def decode(self, tensors: Tensor) -> NDArray[np.uint8]:
        """Turn network tensors back into stored samples; values beyond the range are clipped."""

    def write(
        self, samples: NDArray[np.uint8], directory: Path, names: Sequence[str]
    ) -> list[Path]:
        """Write one file a sample and return their paths."""

    def sheet(self, samples: NDArray[np.uint8], **options: Any) -> Image.Image:
        """Draw a contact sheet."""
