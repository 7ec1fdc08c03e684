"""Steps that services share: each is a function over a ``Visit``, told in prompts and devices.

A service that needs a new kind of step puts it here, so that the next service has it too.
"""
