"""The tasks that come with gansmith, one line each."""

from gansmith.tasks.expressions import ExpressionTask
from gansmith.tasks.faceswap import FaceSwap
from gansmith.tasks.generation import Generation
from gansmith.tasks.hardening import Hardening
from gansmith.tasks.task import register_task
from gansmith.tasks.translation import DomainsTranslation, Translation

register_task(Generation)
register_task(ExpressionTask)
register_task(Translation)
register_task(DomainsTranslation)
register_task(FaceSwap)
register_task(Hardening)
