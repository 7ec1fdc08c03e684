"""The permit unit (签注一体机): a card transport, an imager and a rewrite printer in one housing.

``card`` is what a person carries (face, chip, strip), ``carriage`` where it is in the machine and
what moves it, ``transport``, ``scanner`` and ``printer`` are the three wires, ``unit`` ties them.
"""
