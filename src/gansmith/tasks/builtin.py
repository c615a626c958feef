"""The tasks that come with gansmith, one line each."""

from gansmith.tasks.generation import Generation
from gansmith.tasks.hardening import Hardening
from gansmith.tasks.task import register_task
from gansmith.tasks.translation import Translation

register_task(Generation)
register_task(Translation)
register_task(Hardening)
