from __future__ import annotations

import inspect

import pytest

from gansmith.medium import MEDIA
from gansmith.verbs import GENERATIONS, VERBS, Generation, Verb, resolve_function


@pytest.mark.parametrize("name", list(VERBS))
def test_a_command_takes_the_options_that_it_declares(name: str) -> None:
    verb = VERBS[name]
    parameters = inspect.signature(resolve_function(verb.function)).parameters
    assert next(iter(parameters)) == "run"
    for option in verb.options:
        default = parameters[option.name].default
        assert default is (inspect.Parameter.empty if option.required else option.default)
    assert set(parameters) == {"run", *(option.name for option in verb.options)}


def test_records_name_what_their_media_declare() -> None:
    verbs: list[Verb] = [verb for name in MEDIA for verb in MEDIA[name].verbs]
    assert verbs == [VERBS[name] for name in VERBS]
    generations: dict[str, Generation | None] = {n: MEDIA[n].generation for n in GENERATIONS}
    assert generations == {name: GENERATIONS[name] for name in GENERATIONS}
    assert MEDIA["image"].generation is None
