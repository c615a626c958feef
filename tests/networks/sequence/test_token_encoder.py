from __future__ import annotations

import torch

from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.sequence.language_model import SequenceGenerator
from gansmith.networks.sequence.special_tokens import MOST_TRAITS
from gansmith.networks.sequence.token_encoder import TokenEmbedding, set_token_features
from gansmith.recipe import NetworkConfig


def traits_of(rows: dict[int, list[int]], tokens: int) -> torch.Tensor:
    found = torch.zeros(tokens, MOST_TRAITS, dtype=torch.long)
    for token, numbers in rows.items():
        found[token, : len(numbers)] = torch.tensor(numbers)
    return found


def test_a_vector_is_the_sum_of_the_token_s_own_and_of_its_traits() -> None:
    embedding = TokenEmbedding(5, 4, 3)
    assert torch.equal(embedding.table().vectors, embedding.weight)
    embedding.set_features(traits_of({1: [1], 2: [1, 3], 4: [2]}, 5))
    assert embedding.shared is not None
    own, shared = embedding.weight, embedding.shared.weight
    expected = [own[0], own[1] + shared[1], own[2] + shared[1] + shared[3]]
    expected += [own[3], own[4] + shared[2]]
    torch.testing.assert_close(embedding.table().vectors, torch.stack(expected))
    has = [[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert embedding.table().has.tolist() == has and embedding.whole_size == 4 + 3


def test_what_is_learnt_of_a_token_holds_for_others_of_its_trait() -> None:
    embedding = TokenEmbedding(4, 4, 2)
    embedding.set_features(traits_of({0: [1], 1: [1], 2: [2]}, 4))
    before = embedding.table().vectors.detach().clone()
    embedding.table().vectors[0].sum().backward()
    with torch.no_grad():
        for weight in embedding.parameters():
            weight -= weight.grad
    moved = (embedding.table().vectors != before).any(1)
    assert moved.tolist() == [True, True, False, False]


def test_both_players_know_traits_and_a_saved_generator_keeps_them() -> None:
    spec, config = SampleSpec(1, 1, 6, tokens=7, traits=2), NetworkConfig(name="sequence", width=8)
    pair, known = build_networks(config, spec, seed=0), traits_of({3: [1], 4: [2, 1]}, 7)
    set_token_features(pair, known)
    for player in pair:
        assert torch.equal(player.reader.embedding.traits, known)
    again = build_networks(config, spec, seed=1).generator
    again.load_state_dict(pair.generator.state_dict())
    assert isinstance(again, SequenceGenerator)
    assert torch.equal(again.reader.embedding.traits, known)


def test_without_traits_there_is_nothing_to_keep() -> None:
    embedding = TokenEmbedding(5, 4, 0)
    assert set(embedding.state_dict()) == {"weight"}
    assert embedding.table().vectors is embedding.weight
    assert embedding.table().has.shape == (5, 0) and embedding.whole_size == 4
