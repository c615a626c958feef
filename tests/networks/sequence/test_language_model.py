from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.sequence.language_model import (
    Decoding,
    SequenceDiscriminator,
    SequenceGenerator,
    nucleus,
    uniform,
)
from gansmith.networks.sequence.special_tokens import END, MOST_TRAITS, PAD, UNKNOWN
from gansmith.networks.sequence.token_encoder import (
    ECHO_RATE,
    FARTHEST,
    HEADS,
    LEANING_RATE,
    CopyHead,
    RecurrentEncoder,
    set_token_features,
)
from gansmith.recipe import NetworkConfig

VOCABULARY, LENGTH = 12, 9
Matrix = NDArray[np.float64]


def players(
    seed: int = 0,
    tokens: int = VOCABULARY,
    length: int = LENGTH,
    classes: int = 0,
    traits: int = 0,
    **options: Any,
) -> tuple[SequenceGenerator, SequenceDiscriminator]:
    """A small pair whose distributions are far from even, without dropout."""
    spec = SampleSpec(1, 1, length, classes, tokens, traits=traits)
    settings = {"embedding": 8, "width": 16, **options}
    pair = build_networks(NetworkConfig(name="sequence", **settings), spec, seed=seed)
    generator, discriminator = pair
    assert isinstance(generator, SequenceGenerator)
    assert isinstance(discriminator, SequenceDiscriminator)
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in (*generator.parameters(), *discriminator.parameters()):
            weight.add_(0.4 * torch.randn(weight.shape, generator=random))
    if traits:
        known = torch.randint(traits + 1, (tokens, MOST_TRAITS), generator=random)
        set_token_features(pair, known * (torch.arange(MOST_TRAITS) < 2))
    return generator.eval(), discriminator.eval()


def numbers(count: int, length: int = LENGTH, seed: int = 0) -> Tensor:
    return torch.rand(count, length, generator=torch.Generator().manual_seed(seed))


def some_tokens(count: int, tokens: int = VOCABULARY, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randint(tokens, (count, LENGTH), generator=random)


def read(reader: RecurrentEncoder, tokens: Tensor, labels: Tensor | None) -> Tensor:
    read, _ = reader(tokens, reader.start(len(tokens), labels), reader.embedding.table())
    return read.state


def changed(tokens: Tensor, step: int) -> Tensor:
    other = tokens.clone()
    other[:, step] = (other[:, step] + 1) % VOCABULARY
    return other


def brute_table(weights: dict[str, Matrix]) -> tuple[Matrix, Matrix]:
    """Vectors of all tokens, [V, size], and the traits that each has, [V, traits]."""
    vectors = weights["embedding.weight"].copy()
    if "embedding.traits" not in weights:
        return vectors, np.zeros((len(vectors), 0))
    shared = weights["embedding.shared.weight"]
    has = np.zeros((len(vectors), len(shared) - 1))
    for token, numbers in enumerate(weights["embedding.traits"].astype(int).tolist()):
        for number in filter(None, numbers):
            vectors[token] += shared[number]
            has[token, number - 1] = 1
    return vectors, has


def brute_read(
    reader: RecurrentEncoder, tokens: list[int], label: int | None
) -> tuple[Matrix, list[list[Matrix]]]:
    """Gated recurrent units as Cho et al. write them, with the reset gate of cuDNN.

    Returns:
        What has been read up to each token, [T, width], and what traits each head sees there.
    """
    weights = {name: value.double().numpy() for name, value in reader.state_dict().items()}
    vectors, has = brute_table(weights)
    memory = np.zeros((reader.layers, reader.width))
    if label is not None:
        memory = weights["label.weight"][label].reshape(reader.layers, reader.width).copy()
    found = []
    for token in tokens:
        flow = vectors[token]
        for layer in range(reader.layers):
            seen, kept = (
                weights[f"cells.weight_{way}_l{layer}"] @ value
                + weights[f"cells.bias_{way}_l{layer}"]
                for way, value in (("ih", flow), ("hh", memory[layer]))
            )
            (reset, update), width = 1 / (1 + np.exp(-_parts(seen + kept)[:2])), reader.width
            fresh = np.tanh(seen[2 * width :] + reset * kept[2 * width :])
            flow = memory[layer] = (1 - update) * fresh + update * memory[layer]
        found.append(flow)
    read = np.array(found)
    if reader.attention is None:
        return read, []
    return brute_look_back(weights, vectors[tokens], has[tokens], read)


def brute_look_back(
    weights: dict[str, Matrix], vectors: Matrix, has: Matrix, read: Matrix
) -> tuple[Matrix, list[list[Matrix]]]:
    """Adds to each step, head by head, the mean of all vectors up to it, weighted by their fit."""
    ask, key, leave = (
        (weights[f"attention.{name}.weight"], weights[f"attention.{name}.bias"])
        for name in ("ask", "key", "exit")
    )
    keys = read @ key[0].T + key[1]
    leaning, size = weights["attention.leaning"], keys.shape[1] // HEADS
    found, traits = [], []
    for step, state in enumerate(read):
        seen, asked = [], ask[0] @ state + ask[1]
        traits.append([])
        for head in range(HEADS):
            own = slice(head * size, (head + 1) * size)
            fits = keys[: step + 1, own] @ asked[own] / np.sqrt(size)
            distances = [min(step - at, FARTHEST - 1) for at in range(step + 1)]
            fits = fits + LEANING_RATE * leaning[head, distances]
            shares = np.exp(fits - fits.max())
            seen.append(shares @ vectors[: step + 1] / shares.sum())
            traits[-1].append(shares @ has[: step + 1] / shares.sum())
        found.append(state + leave[0] @ np.concatenate(seen) + leave[1])
    return np.array(found), traits


def brute_echo(weights: dict[str, Matrix], state: Matrix, seen: list[Matrix]) -> Matrix:
    """What each trait is worth to the token behind, [traits]."""
    gates = weights["echo.gate.weight"] @ state + weights["echo.gate.bias"]
    worth = np.zeros(len(seen[0]))
    for gate, strength, shares in zip(gates, weights["echo.strength"], seen, strict=True):
        worth += ECHO_RATE * gate * strength * shares
    return worth


def _parts(gates: Matrix) -> Matrix:
    return gates.reshape(3, -1)


def brute_logits(generator: SequenceGenerator, tokens: list[int], label: int | None) -> Matrix:
    """Logits of the token behind those given, [V]."""
    read, seen = brute_read(generator.reader, [PAD, *tokens], label)
    weights = {name: value.double().numpy() for name, value in generator.state_dict().items()}
    table = {name.removeprefix("reader."): value for name, value in weights.items()}
    (vectors, has), out = brute_table(table), weights["exit.weight"] @ read[-1]
    scores = vectors @ (out + weights["exit.bias"]) + weights["bias"]
    if has.shape[1] and seen:
        scores += has @ brute_echo(weights, read[-1], seen[-1])
    return np.asarray(scores)


def brute_nucleus(shares: Matrix, top_p: float) -> Matrix:
    kept, whole = np.zeros_like(shares), 0.0
    for place in np.argsort(-shares, kind="stable"):
        kept[place] = shares[place]
        whole += shares[place]
        if whole >= top_p:
            break
    return kept


def sums(logits: Matrix, decoding: Decoding, allowed: NDArray[np.bool_] | None = None) -> Matrix:
    """Cumulative shares that a token is drawn from, [V]."""
    scores = logits / decoding.temperature
    scores[[PAD, UNKNOWN]] = -np.inf
    if allowed is not None:
        scores[~allowed] = -np.inf
    shares = np.exp(scores - scores.max())
    shares = brute_nucleus(shares / shares.sum(), decoding.top_p)
    return np.asarray(np.cumsum(shares / shares.sum()))


def assert_drawn(token: int, edges: Matrix, number: float, spare: float = 1e-5) -> None:
    """The token is the first whose sum passes the number; `spare` is for single precision."""
    lowest, highest = np.searchsorted(edges, [number - spare, number + spare], side="right")
    assert lowest <= token <= highest


def even_then_odd(before: Tensor) -> Tensor:
    odd = torch.arange(VOCABULARY) % 2 == before.shape[1] % 2
    return (odd | (torch.arange(VOCABULARY) == END)).expand(len(before), -1)


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("step", range(LENGTH))
def test_logits_see_only_the_tokens_before(step: int, attention: bool) -> None:
    generator, _ = players(layers=2, attention=attention)
    tokens = some_tokens(5)
    one, two = generator.logits(tokens), generator.logits(changed(tokens, step))
    assert one.shape == (5, LENGTH, VOCABULARY)
    assert torch.equal(one[:, : step + 1], two[:, : step + 1])
    later = (one - two)[:, step + 1 :].abs().amax(dim=2)
    assert (later[:, :1] > 1e-6).all()


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("step", range(LENGTH))
def test_a_judgement_sees_no_token_to_come(step: int, attention: bool) -> None:
    _, discriminator = players(layers=2, attention=attention)
    tokens = some_tokens(5)
    one, two = discriminator.steps(tokens), discriminator.steps(changed(tokens, step))
    assert one.shape == (5, LENGTH)
    assert torch.equal(one[:, :step], two[:, :step])
    assert ((one - two)[:, step].abs() > 1e-6).all()


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(("classes", "traits"), [(0, 0), (3, 0), (0, 4)])
def test_logits_agree_with_brute_force(
    layers: int, classes: int, traits: int, attention: bool
) -> None:
    generator, _ = players(layers=layers, classes=classes, traits=traits, attention=attention)
    tokens = some_tokens(3)
    labels = torch.tensor([2, 0, 1]) if classes else None
    logits = generator.logits(tokens, labels).detach().numpy()
    for row, given in enumerate(tokens.tolist()):
        label = None if labels is None else int(labels[row])
        for step in range(LENGTH):
            expected = brute_logits(generator, given[:step], label)
            np.testing.assert_allclose(logits[row, step], expected, atol=1e-4)


@pytest.mark.parametrize("width", [16, 18])
def test_what_is_farthest_back_agrees_with_brute_force(width: int) -> None:
    length = FARTHEST + 6
    generator, _ = players(length=length, attention=True, width=width)
    tokens = torch.randint(3, VOCABULARY, (1, length), generator=torch.Generator().manual_seed(0))
    logits = generator.logits(tokens).detach().numpy()
    expected = brute_logits(generator, tokens[0, :-1].tolist(), None)
    np.testing.assert_allclose(logits[0, -1], expected, atol=1e-4)


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("classes", "traits"), [(0, 0), (3, 0), (0, 4)])
def test_judgements_agree_with_brute_force(
    layers: int, classes: int, traits: int, attention: bool
) -> None:
    _, discriminator = players(layers=layers, classes=classes, traits=traits, attention=attention)
    tokens = some_tokens(3)
    labels = torch.tensor([2, 0, 1]) if classes else None
    steps = discriminator.steps(tokens, labels).detach().numpy()
    weights = {name: value.double().numpy() for name, value in discriminator.state_dict().items()}
    _, has = brute_table({name.removeprefix("reader."): it for name, it in weights.items()})
    for row, given in enumerate(tokens.tolist()):
        label = None if labels is None else int(labels[row])
        read, seen = brute_read(discriminator.reader, given, label)
        expected = read @ weights["logit.weight"][0] + weights["logit.bias"]
        for step in range(1, LENGTH if traits and attention else 0):
            echo = brute_echo(weights, read[step - 1], seen[step - 1])
            expected[step] += echo @ has[given[step]]
        np.testing.assert_allclose(steps[row], expected, atol=1e-4)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_echo_prefers_or_avoids_tokens_that_share_a_trait(sign: int) -> None:
    echo = CopyHead(width=4, heads=1, traits=2)
    with torch.no_grad():
        echo.gate.weight.zero_()
        echo.gate.bias.fill_(sign)
    worth = echo(torch.zeros(1, 4), torch.tensor([[[0.75, 0.0]]]))
    assert worth.tolist() == [[sign * 0.75 * ECHO_RATE, 0.0]]


@pytest.mark.parametrize(("attention", "traits"), [(False, 0), (True, 0), (True, 4)])
def test_one_step_after_the_other_reads_as_all_at_once(attention: bool, traits: int) -> None:
    generator, _ = players(layers=2, traits=traits, attention=attention)
    tokens = some_tokens(4)
    memory, table = generator.reader.start(4, None), generator.reader.embedding.table()
    whole, last = generator.reader(tokens, memory, table)
    for step in range(LENGTH):
        read, memory = generator.reader(tokens[:, step : step + 1], memory, table)
        for one, other in zip(read, whole, strict=True):
            torch.testing.assert_close(one[:, 0], other[:, step])
    for one, other in zip(memory, last, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    ("temperature", "top_p"), [(1.0, 1.0), (0.5, 1.0), (2.0, 1.0), (1.0, 0.7), (0.8, 0.4)]
)
def test_a_number_takes_the_token_at_which_the_sum_passes_it(
    temperature: float, top_p: float, masked: bool
) -> None:
    generator, _ = players(classes=2)
    generator.decoding = Decoding(temperature, top_p, None, even_then_odd if masked else None)
    uniforms, labels = numbers(12), torch.arange(12) % 2
    written = generator.write(uniforms, labels).tolist()
    for row, label, drawn in zip(written, labels.tolist(), uniforms.tolist(), strict=True):
        for step in range(row.index(END) + 1 if END in row else LENGTH):
            before = torch.tensor([row[:step]], dtype=torch.long)
            allowed = even_then_odd(before)[0].numpy() if masked else None
            logits = brute_logits(generator, row[:step], label)
            assert_drawn(row[step], sums(logits, generator.decoding, allowed), drawn[step])


def test_draws_follow_the_distribution() -> None:
    generator, _ = players(length=1)
    count = 20_000
    drawn = generator.write(numbers(count, 1, seed=3))[:, 0].numpy()
    shares = np.diff(sums(brute_logits(generator, [], None), Decoding()), prepend=0)
    possible = shares > 0
    counts = np.bincount(drawn, minlength=VOCABULARY)
    assert not counts[~possible].any() and possible.sum() == VOCABULARY - 2
    assert stats.chisquare(counts[possible], count * shares[possible]).pvalue > 1e-3


def test_normal_latents_draw_the_same_shares() -> None:
    generator, _ = players(length=1)
    count = 20_000
    latents = torch.randn(count, 1, generator=torch.Generator().manual_seed(4))
    drawn = generator(latents).flatten().numpy()
    shares = np.diff(sums(brute_logits(generator, [], None), Decoding()), prepend=0)
    counts = np.bincount(drawn, minlength=VOCABULARY)
    assert stats.chisquare(counts[shares > 0], count * shares[shares > 0]).pvalue > 1e-3


@pytest.mark.parametrize("temperature", [1e-3, 1e-6, 0.0])
def test_the_coldest_draws_are_the_likeliest_tokens(temperature: float) -> None:
    generator, _ = players(seed=1)
    generator.decoding = Decoding(temperature)
    written = generator.write(numbers(6))
    assert (written == written[0]).all()
    row = written[0].tolist()
    for step in range(row.index(END) + 1 if END in row else LENGTH):
        logits = brute_logits(generator, row[:step], None)
        logits[[PAD, UNKNOWN]] = -np.inf
        assert row[step] == logits.argmax()


def test_the_smallest_nucleus_is_the_likeliest_token() -> None:
    generator, _ = players(seed=1)
    generator.decoding = Decoding(temperature=0.0)
    greedy = generator.write(numbers(6))
    generator.decoding = Decoding(top_p=1e-6)
    assert torch.equal(generator.write(numbers(6)), greedy)


def test_the_same_latent_means_the_same_text() -> None:
    generator, _ = players()
    latents = torch.randn(8, LENGTH, generator=torch.Generator().manual_seed(0))
    texts = generator(latents)
    assert texts.shape == (8, 1, 1, LENGTH) and texts.dtype == torch.int64
    assert generator.draws_tokens and generator.latent == LENGTH
    assert torch.equal(generator(latents), texts)
    assert torch.equal(generator.write(uniform(latents)), texts.flatten(1))
    assert len(texts.flatten(1).unique(dim=0)) > 1


def test_a_text_does_not_depend_on_its_neighbours() -> None:
    generator, _ = players(classes=2)
    latents = torch.randn(16, LENGTH, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(16) % 2
    texts = generator(latents, labels)
    order = torch.arange(15, -1, -1)
    assert torch.equal(generator(latents[order], labels[order]), texts[order])
    for row in range(16):
        assert torch.equal(generator(latents[[row]], labels[[row]]), texts[[row]])


def test_a_text_begins_as_its_latent_does() -> None:
    generator, _ = players()
    one = numbers(20)
    two = torch.cat([one[:, :4], numbers(20, LENGTH - 4, seed=9)], dim=1)
    first, second = generator.write(one), generator.write(two)
    assert torch.equal(first[:, :4], second[:, :4]) and not torch.equal(first, second)


def test_blanks_follow_the_end_and_stand_nowhere_else() -> None:
    generator, _ = players()
    written = generator.write(numbers(400)).tolist()
    ends = [row.index(END) if END in row else LENGTH for row in written]
    assert min(ends) < LENGTH - 1 and max(ends) == LENGTH
    for row, end in zip(written, ends, strict=True):
        assert PAD not in row[:end] and not any(row[end + 1 :])


def test_blank_and_unknown_are_never_drawn() -> None:
    generator, _ = players()
    with torch.no_grad():
        generator.bias[[PAD, UNKNOWN]] = 50.0
        generator.bias[END] = -50.0
    written = generator.write(numbers(300))
    assert not ((written == PAD) | (written == UNKNOWN)).any()


@pytest.mark.parametrize("top_p", [1e-6, 0.1, 0.5, 0.9, 0.999, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_nucleus_agrees_with_brute_force(top_p: float, seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet(np.full(30, 0.3), 20)
    found = nucleus(torch.from_numpy(shares), top_p).numpy()
    np.testing.assert_array_equal(found, [brute_nucleus(row, top_p) for row in shares])


def test_a_nucleus_ends_where_its_sum_is_reached_exactly() -> None:
    shares = torch.tensor([[0.125, 0.5, 0.0, 0.25, 0.125]])
    assert nucleus(shares, 0.5).tolist() == [[0, 0.5, 0, 0, 0]]
    assert nucleus(shares, 0.75).tolist() == [[0, 0.5, 0, 0.25, 0]]
    assert nucleus(shares, 0.8).sum() == 0.875
    assert torch.equal(nucleus(shares, 1.0), shares)
    assert shares.sum() == 1


@pytest.mark.parametrize("prefix", [[3, 7, 5], [3, PAD, 5], [PAD, PAD, 4], [6], [3, END]])
def test_every_text_begins_with_one_prefix(prefix: list[int]) -> None:
    generator, _ = players()
    generator.decoding = Decoding(prefix=torch.tensor([prefix]))
    assert_begun(generator, [prefix] * 30)


def test_every_text_begins_with_its_own_prefix() -> None:
    generator, _ = players()
    prefixes = [[3, 7, 5], [4, PAD, PAD], [PAD, 6, PAD], [PAD] * 3, [8, 8, PAD]] * 6
    generator.decoding = Decoding(prefix=torch.tensor(prefixes))
    assert_begun(generator, prefixes)


def assert_begun(generator: SequenceGenerator, prefixes: list[list[int]]) -> None:
    """Tokens are the prefix's until an end, and drawn as ever where it is free."""
    uniforms = numbers(len(prefixes))
    written = generator.write(uniforms).tolist()
    for row, prefix, drawn in zip(written, prefixes, uniforms.tolist(), strict=True):
        given = [*prefix, *[PAD] * (LENGTH - len(prefix))]
        end = row.index(END) if END in row else LENGTH - 1
        for step in range(end + 1):
            if given[step] != PAD:
                assert row[step] == given[step]
            else:
                edges = sums(brute_logits(generator, row[:step], None), Decoding())
                assert_drawn(row[step], edges, drawn[step])
        assert not any(row[end + 1 :])


def test_a_prefix_as_long_as_the_text_is_the_text() -> None:
    generator, _ = players()
    prefix = torch.arange(LENGTH)[None] % 7 + 4
    generator.decoding = Decoding(prefix=torch.cat([prefix, prefix], dim=1))
    assert torch.equal(generator.write(numbers(3)), prefix.expand(3, -1))


def test_a_mask_sees_what_is_written_and_is_kept_to() -> None:
    generator, _ = players()
    seen: list[Tensor] = []

    def rising(before: Tensor) -> Tensor:
        seen.append(before.clone())
        last = before[:, -1:] if before.shape[1] else before.new_full((len(before), 1), 2)
        return (torch.arange(VOCABULARY) > last) | (torch.arange(VOCABULARY) == END)

    generator.decoding = Decoding(mask=rising)
    written = generator.write(numbers(200))
    for step, before in enumerate(seen):
        assert before.shape == (200, step) and torch.equal(before, written[:, :step])
    for row in written.tolist():
        text = row[: row.index(END)]
        assert text == sorted(set(text)) and row == [
            *text,
            END,
            *[PAD] * (LENGTH - 1 - len(text)),
        ]


@pytest.mark.parametrize("top_p", [1.0, 0.999, 0.3])
@pytest.mark.parametrize("latent", [-40.0, -6.0, 6.0, 40.0])
@pytest.mark.parametrize("size", [VOCABULARY, 5000])
def test_the_furthest_latents_take_what_may_follow(size: int, latent: float, top_p: float) -> None:
    generator, _ = players(tokens=size)
    middle = (torch.arange(size) > size // 4) & (torch.arange(size) < size // 2)
    generator.decoding = Decoding(top_p=top_p, mask=lambda before: middle.expand(len(before), -1))
    written = generator(torch.full((3, LENGTH), latent)).flatten()
    assert middle[written].all()


def test_labels_change_both_players() -> None:
    generator, discriminator = players(classes=3)
    tokens = some_tokens(4)
    for ask in (generator.logits, discriminator.steps):
        answers = [ask(tokens, torch.full((4,), label)) for label in range(3)]
        for one, two in combinations(answers, 2):
            assert ((one - two).abs().flatten(1).amax(dim=1) > 1e-3).all()


def test_labels_change_what_is_written_and_judged() -> None:
    generator, discriminator = players(classes=2)
    latents = torch.randn(50, LENGTH, generator=torch.Generator().manual_seed(0))
    zeros, ones = torch.zeros(50, dtype=torch.long), torch.ones(50, dtype=torch.long)
    texts = generator(latents, zeros)
    assert not torch.equal(texts, generator(latents, ones))
    assert (discriminator(texts, zeros) - discriminator(texts, ones)).abs().min() > 1e-6


def test_a_text_is_judged_by_the_mean_of_what_is_written() -> None:
    _, discriminator = players()
    tokens = some_tokens(4).clamp(min=3)
    lengths = [LENGTH, 4, 1, 0]
    for row, length in zip(tokens, lengths, strict=True):
        row[length:] = PAD
    steps = discriminator.steps(tokens)
    logits = discriminator(tokens[:, None, None])
    assert logits.shape == (4,) and logits[3] == 0
    for row, length in enumerate(lengths[:3]):
        torch.testing.assert_close(logits[row], steps[row, :length].mean())


def test_the_end_of_a_text_is_judged_too() -> None:
    _, discriminator = players()
    open_, ended = torch.tensor([[5, 6, PAD]]), torch.tensor([[5, 6, END]])
    assert discriminator(open_[:, None, None]) != discriminator(ended[:, None, None])
    expected = discriminator.steps(ended).mean(1)
    torch.testing.assert_close(discriminator(ended[:, None, None]), expected)


@pytest.mark.parametrize("classes", [0, 2])
def test_the_discriminator_learns_to_read_from_the_generator(classes: int) -> None:
    generator, discriminator = players(classes=classes, layers=2)
    logit = discriminator.logit.weight.clone()
    assert not torch.equal(discriminator.reader.embedding.weight, generator.reader.embedding.weight)
    discriminator.learn_from(generator)
    tokens, labels = some_tokens(3), torch.tensor([0, 1, 1]) if classes else None
    one, two = (read(player.reader, tokens, labels) for player in (generator, discriminator))
    assert torch.equal(one, two) and torch.equal(discriminator.logit.weight, logit)
    with torch.no_grad():
        for weight in generator.parameters():
            weight.zero_()
    assert torch.equal(read(discriminator.reader, tokens, labels), two)


def test_every_weight_takes_part() -> None:
    generator, discriminator = players(classes=2, layers=2)
    tokens, labels = some_tokens(6), torch.arange(6) % 2
    answers = generator.logits(tokens, labels), discriminator(tokens[:, None, None], labels)
    for player, answer in zip((generator, discriminator), answers, strict=True):
        slopes = torch.autograd.grad(answer.square().sum(), list(player.parameters()))
        assert all(slope.abs().sum() > 0 for slope in slopes)


def test_dropout_hides_numbers_only_while_training() -> None:
    generator, _ = players(dropout=0.5)
    tokens = some_tokens(2)
    assert torch.equal(generator.logits(tokens), generator.logits(tokens))
    generator.train()
    torch.manual_seed(0)
    assert not torch.equal(generator.logits(tokens), generator.logits(tokens))


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 1, 4096)])
def test_what_is_no_sequence_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(GansmithError, match=r"'sequence'.*medium=text") as caught:
        build_networks(NetworkConfig(name="sequence"), SampleSpec(*shape))
    assert "\n" not in str(caught.value)


def test_numbers_are_spread_evenly_below_one() -> None:
    latents = torch.linspace(-5, 5, 1001)
    np.testing.assert_allclose(uniform(latents), stats.norm.cdf(latents.numpy()), atol=2e-7)
    far = uniform(torch.tensor([-torch.inf, -40.0, -9.0, 0.0, 5.6, 9.0, 40.0, torch.inf]))
    assert far.dtype == torch.float32
    assert (far >= 0).all() and (far < 1).all() and (far.diff() >= 0).all()
    assert far[3] == 0.5


@pytest.mark.parametrize("layers", [1, 2])
def test_only_training_hides_numbers_though_cells_always_give_gradients(layers: int) -> None:
    generator = players(layers=layers, dropout=0.5)[0].train()
    tokens = some_tokens(3)
    assert not torch.equal(generator.logits(tokens), generator.logits(tokens))
    generator.eval()
    assert generator.reader.cells.training
    assert torch.equal(generator.logits(tokens), generator.logits(tokens))
    generator.train()
    assert not torch.equal(generator.logits(tokens), generator.logits(tokens))
