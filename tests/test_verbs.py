from __future__ import annotations

import inspect

import pytest

from gansmith.medium import MEDIA
from gansmith.verbs import GENERATIONS, VERBS, Generation, Verb, resolve_function


@pytest.mark.parametrize("name", list(VERBS))
def test_a_command_takes_the_options_that_it_declares(name: str) -> None:
    verb = VERBS[name]
    parameters = inspect.signature(resolve_function(verb.function)).parameters
    assert next(iter(parameters)) == verb.takes
    for option in verb.options:
        default = parameters[option.name].default
        assert default == (inspect.Parameter.empty if option.required else option.default)
    names = {verb.takes, *(option.name for option in verb.options)}
    assert set(parameters) == (names | {"log"} if verb.logs or verb.takes == "files" else names)


def test_records_name_what_their_media_declare() -> None:
    verbs: list[Verb] = [verb for name in MEDIA for verb in MEDIA[name].verbs]
    assert verbs == [VERBS[name] for name in VERBS if VERBS[name].takes == "run"]
    generations: dict[str, Generation | None] = {n: MEDIA[n].generation for n in GENERATIONS}
    assert generations == {name: GENERATIONS[name] for name in GENERATIONS}
    assert MEDIA["points"].generation is None
