"""The back office (后台): the other side of our API, and its reference implementation.

Read in this order: ``operation`` (how a desk says what it offers), ``operations`` (all of it),
``endpoint`` (token, limits, contract, faults of the bench) and ``answers`` (each key answered once),
then the desks that do the work: ``registers`` (people and permits), ``acceptance`` (cases and their
history), ``tariff`` and ``bills`` (what is owed), ``payments`` and ``refunds`` over ``orders`` and
``merchant`` (what was paid and given back), ``endorsements`` with ``chip`` (whether to issue, and what
then stands on the card), ``reports`` (what kiosks tell). ``store`` is the database.
"""
