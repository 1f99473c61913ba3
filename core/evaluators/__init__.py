"""Looking back when a turn is over, off its way."""

from core.evaluators.reflection import Reflection

__all__ = ["Reflection"]
