"""UPS: the NUT protocol over TCP."""

from devices.ups.driver import NutUps

__all__ = ["NutUps"]
