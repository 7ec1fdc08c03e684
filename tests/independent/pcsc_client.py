"""Someone else's PC/SC client: pyscard, in Debian's own Python. Run as a program, never imported.

Prints the readers' names as a line of JSON, connects to the one that is named, prints its answer to reset,
then answers each line of hex with the card's response in hex.
"""

import json
import sys

from smartcard.System import readers

found = {str(reader): reader for reader in readers()}
print(json.dumps(sorted(found)), flush=True)
card = found[sys.argv[1]].createConnection()
card.connect()
print(bytes(card.getATR()).hex(), flush=True)
for line in sys.stdin:
    data, sw1, sw2 = card.transmit(list(bytes.fromhex(line)))
    print(bytes([*data, sw1, sw2]).hex(), flush=True)
