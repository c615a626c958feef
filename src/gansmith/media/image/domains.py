"""What differs, and what should not be equal, between domains of pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import median
from typing import NamedTuple

from gansmith.counting import pluralize
from gansmith.data.collection import Collection
from gansmith.data.duplicates import LIMIT, similar_pairs
from gansmith.data.labels import sorted_naturally
from gansmith.media.image.collection import PictureCollection
from gansmith.media.image.reading import PictureFacts

FEW, TOO_FEW = 100, 10
"""Pictures below which a domain is small, and too small to learn from."""
MORE, LARGER, WIDER = 4.0, 2.0, 1.25
"""Ratios of numbers, sides and proportions above which domains differ."""
MOSTLY = 0.5


class Domain(NamedTuple):
    """The pictures of one domain."""

    name: str
    facts: list[PictureFacts]


def compare_pictures(collections: Sequence[Collection]) -> list[str]:
    """Return a line for each thing that is likely to spoil a translation between domains.

    Args:
        collections: One for each domain, or one whose labels are the domains.
    """
    domains = _domains(collections)
    lines = [line for domain in domains for line in _alone(domain)]
    for first, second in combinations(domains, 2):
        lines += _between(first, second)
    return lines


def _domains(collections: Sequence[Collection]) -> list[Domain]:
    found: list[Domain] = []
    for collection in collections:
        assert isinstance(collection, PictureCollection)
        facts, labels = collection.facts(), collection.labels()
        if len(collections) > 1 or labels is None:
            found.append(Domain(collection.name, facts))
            continue
        for name in sorted_naturally(set(labels)):
            chosen = [one for one, label in zip(facts, labels, strict=True) if label == name]
            found.append(Domain(name, chosen))
    return found


def _alone(domain: Domain) -> Iterator[str]:
    count = len(domain.facts)
    if count < TOO_FEW:
        yield f"{domain.name} has {pluralize(count, 'picture')}: too few to learn from"
    elif count < FEW:
        yield f"{domain.name} has {count} pictures: results improve with a few hundred"


def _between(first: Domain, second: Domain) -> Iterator[str]:
    names = f"{first.name} and {second.name}"
    few, many = sorted((first, second), key=lambda domain: len(domain.facts))
    if len(many.facts) > MORE * len(few.facts):
        yield f"{many.name} has {len(many.facts):,} pictures, {few.name} only {len(few.facts):,}"
    small, large = sorted((first, second), key=_side)
    if _side(large) > LARGER * _side(small):
        yield (
            f"pictures of {large.name} are about {_side(large):.0f} pixels a side, those of "
            f"{small.name} {_side(small):.0f}: blur will tell them apart"
        )
    shapes = [_proportion(domain) for domain in (first, second)]
    if max(shapes) > WIDER * min(shapes):
        yield (
            f"{names} have other proportions ({shapes[0]:.2f} and {shapes[1]:.2f}, width by "
            "height): they are cropped to one"
        )
    for what in ("coloured", "transparent"):
        shares = [_share(domain, what) for domain in (first, second)]
        if (shares[0] > MOSTLY) != (shares[1] > MOSTLY):
            yield (
                f"{shares[0]:.0%} of {first.name} are {what}, and {shares[1]:.0%} of {second.name}"
            )
    yield from _shared(first, second)


def _shared(first: Domain, second: Domain) -> Iterator[str]:
    names = f"{first.name} and {second.name}"
    theirs = {one.pixels for one in second.facts}
    equal = sum(one.pixels in theirs for one in first.facts)
    if equal:
        yield f"{pluralize(equal, 'picture')} of {first.name} are in {second.name} too"
    ours = [one.look for one in first.facts[: LIMIT // 2] if one.pixels not in theirs]
    looks = [*ours, *(one.look for one in second.facts[: LIMIT // 2])]
    alike = sum(a < len(ours) <= b for a, b in similar_pairs(looks))
    if alike:
        yield f"{names} have {pluralize(alike, 'pair')} of nearly equal pictures"


def _side(domain: Domain) -> float:
    return median(math.sqrt(one.height * one.width) for one in domain.facts)


def _proportion(domain: Domain) -> float:
    return median(one.width / one.height for one in domain.facts)


def _share(domain: Domain, what: str) -> float:
    return sum(bool(getattr(one, what)) for one in domain.facts) / len(domain.facts)
