"""Named data sets of pictures."""

from __future__ import annotations

from gansmith.media.image.datasets.emoji import EMOJI_GOOGLE, EMOJI_TWITTER
from gansmith.media.image.datasets.mnist import MNIST
from gansmith.media.image.datasets.stacked_mnist import stacked
from gansmith.media.image.named_pictures import NamedPictures

PICTURE_SETS: dict[str, NamedPictures] = {
    named.name: named for named in (MNIST, stacked(MNIST), EMOJI_GOOGLE, EMOJI_TWITTER)
}
"""By name, in the order in which they are listed."""
