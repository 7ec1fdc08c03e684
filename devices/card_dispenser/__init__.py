"""Card dispenser (制证发放单元): stackers of finished documents, each with gate and error bin."""

from devices.card_dispenser.driver import CrtCardDispenser, open_card_dispenser

__all__ = ["CrtCardDispenser", "open_card_dispenser"]
