"""The media that come with gansmith, one folder and one line each."""

from gansmith.media.audio.medium import AUDIO
from gansmith.media.captions.medium import CAPTIONS
from gansmith.media.image.medium import IMAGE
from gansmith.media.points.medium import POINTS
from gansmith.media.text.medium import TEXT
from gansmith.medium import MEDIA

for _medium in (IMAGE, POINTS, AUDIO, TEXT, CAPTIONS):
    MEDIA.register(_medium.name)(_medium)
