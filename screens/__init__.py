"""The screen: how a prompt looks and is touched. It decides nothing and knows no device.

Kivy reads its environment when it is first imported, so importing this package sets it up:
Kivy then takes no command-line arguments, reads and writes no configuration file, keeps its home in a
folder of its own that goes with the process, and logs through Python's ``logging``, warnings and worse.
"""

from screens.environment import prepare

prepare()
