"""The fingerprint pad: an optical ZFM/R30x module on a serial wire."""

from devices.fingerprint_pad.driver import ZfmFingerprintPad

__all__ = ["ZfmFingerprintPad"]
