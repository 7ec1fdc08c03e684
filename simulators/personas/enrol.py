"""Make the templates that simulated ID cards carry out of the first picture of each finger.

``python -m simulators.personas.enrol`` writes ``fingers/fNN.fmr`` beside ``fingers/fNN_1.png``:
minutiae found by NBIS mindtct in nbis-py's form of ISO/IEC 19794-2:2005 (its header is two bytes
longer than the standard's; byte 20 is the NFIQ 2 quality, byte 25 the number of minutiae), at most
500 bytes, the least reliable minutiae left out. Run once; the results are kept in the project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import nbis

LIMIT: Final = 500
HEADER: Final = 26
MINUTIA: Final = 6


def shortened(record: bytes, limit: int = LIMIT) -> bytes:
    """Return ``record`` with only its most reliable minutiae, at most ``limit`` bytes."""
    minutiae = [record[at : at + MINUTIA] for at in range(HEADER, HEADER + record[25] * MINUTIA, MINUTIA)]
    room = (limit - HEADER) // MINUTIA
    best = sorted(range(len(minutiae)), key=lambda i: -minutiae[i][5])[:room]
    kept = [minutiae[i] for i in sorted(best)]
    short = bytearray(record[:HEADER] + b"".join(kept))
    short[25] = len(kept)
    short[8:12] = len(short).to_bytes(4, "big")
    return bytes(short)


def main() -> None:
    extractor = nbis.new_nbis_extractor(
        nbis.NbisExtractorSettings(
            min_quality=0.0, get_center=False, check_fingerprint=True, compute_nfiq2=True, ppi=500.0
        )
    )
    for picture in sorted((Path(__file__).parent / "fingers").glob("f??_1.png")):
        record = extractor.extract_minutiae(picture.read_bytes()).to_iso_19794_2_2005()
        picture.with_name(f"{picture.stem[:3]}.fmr").write_bytes(shortened(record))


if __name__ == "__main__":
    main()
