"""The permit unit: card transport, imager and thermal-rewrite print station behind one interface."""

from devices.permit_unit.unit import ThreeLinkPermitUnit

__all__ = ["ThreeLinkPermitUnit"]
