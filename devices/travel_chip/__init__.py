"""Travel documents with a chip (ICAO 9303): access with the printed line, secure messaging, files."""
