"""Options for the generation of texts."""

from __future__ import annotations

from gansmith.verbs import GENERATIONS, Generation, Option

TEXT_GENERATION = GENERATIONS.register("text")(
    Generation(
        function="gansmith.media.text.generate:generate",
        title="Text",
        options=(
            Option(
                "temperature",
                float,
                "Sampling temperature, 0 to 5; below 1 gives safer, less varied text.",
            ),
            Option("top_p", float, "Sample from the most likely tokens with this total share."),
            Option("title", str, "Title to write to (needs a model trained with data.title)."),
            Option("prompt", str, "Text that every sample begins with."),
            Option("max_length", int, "Maximum number of tokens of a text."),
            Option("form", str, "Verse form: quatrain-5, quatrain-7, haiku or couplet."),
            Option(
                "best_of",
                int,
                "Generate N candidates per text and keep the one the discriminator scores highest.",
                metavar="N",
            ),
        ),
    )
)
