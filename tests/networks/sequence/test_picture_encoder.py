from __future__ import annotations

import torch

from gansmith.networks.sequence.picture_encoder import SHIFT, PictureEncoder, _moved


def test_what_is_seen_is_a_row_a_picture_of_any_size() -> None:
    encoder = PictureEncoder(4, 24, 0.0)
    for height, width in ((64, 64), (32, 48), (16, 16)):
        assert encoder(torch.randn(3, 4, height, width)).shape == (3, 24)


def test_outside_training_a_picture_is_seen_as_it_is_whatever_is_beside_it() -> None:
    encoder = PictureEncoder(3, 8, 0.5).eval()
    pictures = torch.randn(5, 3, 32, 32)
    whole = encoder(pictures)
    assert torch.equal(whole, encoder(pictures))
    assert torch.allclose(whole[2:3], encoder(pictures[2:3]), atol=1e-6)


def test_moved_pictures_are_mirrored_or_not_and_shifted_a_little() -> None:
    torch.manual_seed(0)
    pictures = torch.randn(40, 1, 12, 12)
    moved = _moved(pictures)
    options = [
        picture.roll((y, x), (2, 3))
        for picture in (pictures, pictures.flip(3))
        for y in range(-SHIFT, SHIFT + 1)
        for x in range(-SHIFT, SHIFT + 1)
    ]
    kinds = [
        next(k for k, option in enumerate(options) if torch.equal(option[n], moved[n]))
        for n in range(len(pictures))
    ]
    assert len(set(kinds)) == 2  # one shift for all, and both sides


def test_it_learns_to_tell_colours() -> None:
    torch.manual_seed(1)
    encoder = PictureEncoder(3, 2, 0.0)
    optimiser = torch.optim.Adam(encoder.parameters(), 3e-3)
    pictures = torch.full((16, 3, 32, 32), -1.0)
    kinds = torch.arange(16) % 2
    pictures[kinds == 1, 0] = 1
    for _ in range(20):
        loss = torch.nn.functional.cross_entropy(encoder(pictures), kinds)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.1
